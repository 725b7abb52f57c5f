"""Examples of the answers around notifications."""

from gateway.apps.magicpic.examples import Example

DEVICE: Example = {"platform": "ios", "last_seen_at": "2026-02-18T06:29:40.000Z"}
NOTIFICATION: Example = {
    "id": 90210,
    "type": "creation_liked",
    "title": "New likes",
    "body": "10 people like your picture",
    "data": {"creation_id": "101", "people": "10"},
    "is_read": False,
    "created_at": "2026-02-18T06:29:40.000Z",
}
NOTIFICATIONS: Example = {
    "success": True,
    "data": [NOTIFICATION],
    "total": 1,
    "unread_count": 1,
    "pagination": {
        "page": 1,
        "limit": 20,
        "total": 1,
        "total_pages": 1,
        "has_next": False,
        "has_prev": False,
        "next_cursor": None,
    },
}
UNREAD: Example = {"unread_count": 3}
_WANTED: Example = {"push": True, "inbox": True}
PREFERENCES: Example = {
    "types": {
        "creation_liked": {"push": False, "inbox": True},
        "battle_started": _WANTED,
        "battle_ending": _WANTED,
        "battle_won": _WANTED,
        "credits_low": _WANTED,
        "new_style": _WANTED,
        "achievement": _WANTED,
    },
    "quiet_hours": {"start": "22:00", "end": "07:30", "time_zone": "Asia/Kolkata"},
}
