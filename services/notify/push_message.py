"""A push as FCM takes it.

The app reads `type` and `data` of it; FCM's data knows only strings, so `data` is JSON, and what stands in it stands
beside it as well.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from services.notify.domain import Kind
from services.notify.words import LONGEST_NAME, Words

OBJECTS = ("creation_id", "battle_id", "style_id", "achievement")
"""What a notification is about: a newer one about the same takes the place of the older on the phone."""
MOST_BYTES = 4096
"""Of a notification and its data (FCM's limit)."""


def message(
    token: str, kind: Kind, data: Mapping[str, str], words: Words, *, life: timedelta, notification_id: int | None
) -> dict[str, Any]:
    """`life`: how long FCM tries to reach a phone that is off. `notification_id`: in the inbox, if it is there."""
    place = _place(kind, data)
    seconds = max(0, int(life.total_seconds()))
    known = {name: value[:LONGEST_NAME] for name, value in data.items()} | (
        {"notification_id": str(notification_id)} if notification_id else {}
    )
    return {
        "token": token,
        "notification": {"title": words.title, "body": words.body},
        "data": {**known, "type": kind, "data": orjson.dumps(known).decode()},
        "android": {"collapse_key": place, "ttl": f"{seconds}s", "notification": {"tag": place}},
        "apns": {
            "headers": {"apns-collapse-id": place},
            "payload": {"aps": {"thread-id": kind, "sound": "default"}},
        },
        "webpush": {"headers": {"TTL": str(seconds)}, "notification": {"tag": place}},
    }


def _place(kind: Kind, data: Mapping[str, str]) -> str:
    """At most 64 bytes (APNs)."""
    about = next((data[name] for name in OBJECTS if name in data), "")
    return f"{kind}:{about}"[:64]
