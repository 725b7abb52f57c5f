"""Examples of the answers about the pictures of all."""

from gateway.apps.magicpic.examples import CREATION, PUBLIC_CREATION, Example

ONE: Example = CREATION | {"views_count": 128, "tags": ["lake", "autumn"], "is_favorite": False}
LIKED: Example = {"likes_count": 46, "is_liked": True}
UNLIKED: Example = {"likes_count": 45, "is_liked": False}
FAVORITE: Example = {"is_favorite": True}
CASE: Example = {
    "creation": PUBLIC_CREATION,
    "is_public": True,
    "is_hidden": True,
    "is_appealed": True,
    "in_battle": False,
    "reports": 3,
    "weight": 3.0,
    "latest_reports": [
        {"reason": "spam", "note": "An advertisement", "user_id": 43, "at": "2026-02-18T07:01:12.000Z"},
    ],
    "texts": [{"kind": "appeal", "text": "It is my own cat.", "user_id": 7, "at": "2026-02-18T08:11:40.000Z"}],
}
DECIDED: Example = {"creation_id": 101, "decision": "keep"}
PICK: Example = {"creation_id": 101, "is_featured": True}
SHARE: Example = {"url": "https://api.magicpic.app/s/kX3hZ0t2Qm6yB1dR8uVw5A"}
NAMED: Example = {"creation_id": 101}
