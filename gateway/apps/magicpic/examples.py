"""One example of every answer, for the API's description."""

from typing import Any

Example = dict[str, Any]
_PICTURES = "https://pictures.magicpic.app/creations"


def answer(data: Any, message: str | None = None) -> Example:
    return {"success": True, "data": data} | ({"message": message} if message else {})


def done(message: str) -> Example:
    return {"success": True, "message": message}


def listing(items: list[Any]) -> Example:
    return {"success": True, "data": items, "total": len(items)}


def paged(items: list[Any], **more: Any) -> Example:
    pagination = {"page": 1, "limit": 20, "total": len(items), "total_pages": 1, "has_next": False, "has_prev": False}
    return listing(items) | {"pagination": pagination | more}


USER: Example = {
    "id": 42,
    "email": "user@example.com",
    "name": "John Doe",
    "avatar_url": None,
    "is_verified": False,
    "created_at": "2026-02-18T06:20:11.482Z",
    "role": "user",
    "credits": 2500,
}
TOKENS: Example = {
    "access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ…",
    "refresh_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ…",
    "token_type": "bearer",
    "expires_in": 1800,
}
SESSION: Example = {"user": USER, **TOKENS}
ENTERED: Example = {"user": USER | {"is_verified": True}, **TOKENS, "is_new": True}
REFRESHED: Example = {"success": True, "data": TOKENS, **TOKENS}
GUEST: Example = {"user": {**USER, "id": 43, "email": "", "name": "Guest", "role": "guest", "credits": 150}, **TOKENS}
SIGNED_IN_ON: Example = {
    "session_id": "0198c5f27c1e7d3a9b546f1c2d3e4f50",
    "device": {"device_id": "8C0F…", "device_name": "Jane's phone", "platform": "ios"},
    "started_at": "2026-02-18T06:20:11.482Z",
    "last_used_at": "2026-02-18T08:01:54.127Z",
    "current": True,
}
ENDED: Example = {"ended": 1}
ADMIN_USER: Example = {
    "id": 42,
    "email": "user@example.com",
    "name": "John Doe",
    "role": "moderator",
    "suspended": False,
    "is_verified": True,
    "created_at": "2026-02-18T06:20:11.482Z",
}
ADMIN_ACTION: Example = {
    "id": 5012,
    "action": "role_changed",
    "by": 7,
    "by_name": "Ana",
    "user_id": 42,
    "user_name": "John Doe",
    "role": "moderator",
    "reason": "Helps with reports",
    "at": "2026-02-18T06:29:40.000Z",
}
CATEGORY: Example = {
    "id": 1,
    "name": "Anime",
    "slug": "anime",
    "icon": "🎨",
    "description": "Drawn by hand, frame by frame",
    "preview_url": "https://pictures.magicpic.app/categories/anime.webp",
    "display_order": 1,
    "styles_count": 6,
}
STYLE: Example = {
    "id": 1,
    "name": "Ghibli Art",
    "slug": "ghibli-art",
    "description": "Transform your photo into a dreamy anime illustration",
    "preview_url": "https://pictures.magicpic.app/styles/ghibli-art.webp",
    "category": CATEGORY,
    "uses_count": 15420,
    "is_trending": True,
    "is_new": False,
    "tags": ["anime", "artistic", "colorful"],
    "credits_required": 50,
}
TRENDING_STYLE: Example = STYLE | {"rank": 1, "trend_score": 87.3, "weekly_uses": 214}
PUBLIC_CREATION: Example = {
    "id": 101,
    "generated_image_url": f"{_PICTURES}/7c9e6679/result.jpg",
    "thumbnail_url": f"{_PICTURES}/7c9e6679/thumbnail.webp",
    "style": STYLE,
    "user": {"id": 7, "name": "Asha", "avatar_url": None},
    "likes_count": 45,
    "is_liked": False,
    "is_featured": False,
    "created_at": "2026-02-18T06:29:40.000Z",
}
PROFILE: Example = USER | {
    "phone": "+919876543210",
    "referral_code": "K7QX2M9P",
    "stats": {
        "creations_count": 12,
        "public_creations": 9,
        "total_likes": 104,
        "battle_wins": 3,
        "battle_participations": 8,
        "votes_cast": 41,
        "current_streak": 4,
        "longest_streak": 11,
    },
    "achievements": [
        {
            "slug": "first-creation",
            "name": "First Brushstroke",
            "description": "Create your first picture",
            "icon": "🎨",
            "awarded_at": "2026-02-18T06:29:41.000Z",
        }
    ],
    "recent_creations": [PUBLIC_CREATION],
    "missing": [],
}
EXPORT_PREPARING: Example = {"status": "preparing", "url": None, "expires_at": None}
EXPORT_READY: Example = {
    "status": "ready",
    "url": "https://pictures.magicpic.app/exports/9f86d081/magicpic-export.zip",
    "expires_at": "2026-02-19T06:30:02.000Z",
}
STYLE_DETAIL: Example = STYLE | {
    "prompt_template": "Transform this photo into a dreamy…",
    "sample_outputs": ["https://pictures.magicpic.app/styles/ghibli-art-1.webp"],
    "related_styles": [],
    "user_creations": [PUBLIC_CREATION],
}
CREATION: Example = {
    "id": 101,
    "original_image_url": f"{_PICTURES}/550e8400/original.jpg",
    "generated_image_url": f"{_PICTURES}/7c9e6679/result.jpg",
    "thumbnail_url": f"{_PICTURES}/7c9e6679/thumbnail.webp",
    "style": STYLE,
    "mood": "romantic",
    "weather": "rainy",
    "dress_style": None,
    "custom_prompt": None,
    "is_public": True,
    "likes_count": 0,
    "in_battle": False,
    "battle_wins": 0,
    "is_liked": False,
    "is_featured": False,
    "is_hidden": False,
    "credits_used": 50,
    "credits_remaining": 2450,
    "processing_time": 14.32,
    "created_at": "2026-02-18T06:29:40.000Z",
}
GENERATED: Example = answer(
    CREATION | {"creation": CREATION, "creations": [CREATION], "quantity": 1, "failed": 0},
    "Image generated successfully!",
)
_JOB: Example = {
    "id": 101,
    "status": "queued",
    "progress": 0,
    "position": 3,
    "credits": 50,
    "error": None,
    "created_at": "2026-02-18T06:29:25.680Z",
    "creation": None,
    "quantity": 1,
    "failed": 0,
    "creation_ids": [101],
    "creations": [],
}
_DONE: Example = {"creation": CREATION, "creations": [CREATION]}
JOB_DONE: Example = _JOB | {"status": "completed", "progress": 100, "position": None} | _DONE
JOB_CANCELLED: Example = _JOB | {"status": "cancelled", "position": None, "failed": 1}
_JOB_URL = "https://api.magicpic.app/api/creations/jobs/101"
ACCEPTED: Example = answer(
    {
        "job": _JOB,
        "status_url": _JOB_URL,
        "events_url": f"{_JOB_URL}/events",
        "cancel_url": f"{_JOB_URL}/cancel",
    },
    "Your image is being generated.",
)
EVENTS = (
    'id: 1\nevent: queued\ndata: {"id":101,"status":"queued","progress":0,"position":3,…}\n\n'
    'id: 2\nevent: processing\ndata: {"id":101,"status":"processing","progress":40,"position":null,…}\n\n'
    'id: 3\nevent: completed\ndata: {"id":101,"status":"completed","progress":100,"creation":{…},…}\n\n'
)
BALANCE: Example = {"balance": 2350, "pending": 0, "lifetime_earned": 5000, "lifetime_spent": 2650}
REDEEMED: Example = {"credits_earned": 50, "new_balance": 2400}
CONSUMED: Example = {"credits_used": 5, "balance": 2345}
HISTORY_ENTRY: Example = {
    "id": 2,
    "amount": -50,
    "type": "creation",
    "description": "Created Ghibli Art image",
    "balance_after": 2450,
    "created_at": "2026-02-18T06:29:40.000Z",
}
JWKS: Example = {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "1", "x": "11qYAYK…"}]}
