"""Examples of the answers about models and uploads."""

from gateway.apps.magicpic.examples import Example

MODEL: Example = {
    "id": "local",
    "name": "Studio",
    "description": "Filters and drawn scenes, made here.",
    "kinds": ["photo", "text"],
    "credits": 0,
    "available": True,
    "is_default": True,
}
_ID = "9f86d081884c7d659a2feaa0c55ad015"
PRESIGNED: Example = {
    "upload_id": _ID,
    "url": f"https://pictures.magicpic.app/incoming/{_ID}/raw?X-Amz-Signature=…",
    "method": "PUT",
    "headers": {"Content-Type": "image/jpeg"},
    "expires_in": 600,
}
UPLOAD: Example = {
    "upload_id": _ID,
    "url": "https://pictures.magicpic.app/incoming/550e8400/original.jpg?X-Amz-Signature=…",
    "content_type": "image/jpeg",
    "size": 482113,
    "width": 1920,
    "height": 1440,
    "expires_at": "2026-02-18T06:54:40.000Z",
}
