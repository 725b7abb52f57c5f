"""Where photos are put in object storage before anybody owns them.

Each lies in a folder of its own, within one of its hour: what nobody has adopted is found by looking through that hour,
however many photos there are. What is adopted stays where it lies.
"""

import secrets
from datetime import datetime

PHOTOS = "photos/"


def hour_folder(at: datetime) -> str:
    """`at` in UTC."""
    return f"{PHOTOS}{at:%Y-%m-%dT%H}/"


def new_photo_folder(now: datetime) -> str:
    """A place that nobody can guess: 128 random bits."""
    return f"{hour_folder(now)}{secrets.token_hex(16)}/"
