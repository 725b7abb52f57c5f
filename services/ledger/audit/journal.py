"""The journal by position: complete, without gaps, and as its hash chain says."""

from collections.abc import Sequence

import asyncpg

from services.ledger import chain
from services.ledger.audit.report import Report

PAGE = 5000
BEFORE_ALL = -(2**63)
"""Below every position, those that should not be there included."""
PUBLISHED = "SELECT coalesce(max(position), 0) FROM relay_cursor"


async def check_journal(connection: asyncpg.Connection, report: Report) -> None:
    """Every link against the events that it sealed, read side by side, a page of each in hand."""
    events = _Events(connection)
    position, before, read = 0, b"", BEFORE_ALL
    while links := await connection.fetch(chain.LINKS, read, PAGE):
        read = links[-1][0]
        for last, first, sealed in links:
            if first != position + 1:
                report.fault(f"journal: the link of events {first} to {last} follows event {position}")
            await _tell_unsealed(events, first - 1, report)
            await _check_link(events, first, last, before, sealed, report)
            position, before = last, sealed
    await _tell_unsealed(events, None, report)
    published = await connection.fetchval(PUBLISHED)
    if published > position:
        report.fault(f"journal: it ends at event {position}, but {published} events were told to others")
    report.head = f"{position}:{before.hex()}"


async def _check_link(events: "_Events", first: int, last: int, before: bytes, sealed: bytes, report: Report) -> None:
    link, expected = chain.Link(before), first
    while rows := await events.up_to(last):
        for row in rows:
            if row[0] != expected:
                report.fault(f"journal: event {row[0]} stands where {expected} should")
            expected = row[0] + 1
            link.add(row)
    if link.digest() != sealed:
        report.fault(f"journal: events {first} to {last} are not what was sealed")


async def _tell_unsealed(events: "_Events", last: int | None, report: Report) -> None:
    while rows := await events.up_to(last):
        for row in rows:
            report.fault(f"journal: event {row[0]} is in no link")


class _Events:
    """The events in order, a stretch at a time."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._page: list[asyncpg.Record] = []
        self._next = 0
        self._last = BEFORE_ALL

    async def up_to(self, position: int | None) -> Sequence[asyncpg.Record]:
        """Some of the events that are left up to this position (None: the end); none when there are no more."""
        if self._next == len(self._page):
            self._page = await self._connection.fetch(chain.EVENTS, self._last, PAGE)
            self._next = 0
            if not self._page:
                return ()
            self._last = self._page[-1][0]
        begin = self._next
        while self._next < len(self._page) and (position is None or self._page[self._next][0] <= position):
            self._next += 1
        return self._page[begin : self._next]
