"""How a service hands out what it keeps of one person: by pages, since a message holds no more than a megabyte."""

from typing import Any

from contracts.envelope import Message


class ExportPage(Message):
    """`records` are for people to read; `files` are the pictures that belong to them.

    `next` is what to ask for `after` to get the next page; null on the last.
    """

    records: list[dict[str, Any]]
    files: dict[str, str]
    """A readable path → the object's key."""
    next: int | None
