"""The journal by position: complete, without gaps, and as its hash chain says."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from services.ledger import chain
from services.ledger.audit.report import Report

READ_AHEAD = 2000
PUBLISHED = "SELECT coalesce(max(position), 0) FROM relay_cursor"


async def check_journal(connection: asyncpg.Connection, report: Report) -> None:
    """Every link against the events that it sealed, read side by side."""
    events = _Events(connection)
    position, before = 0, b""
    async for last, first, sealed in connection.cursor(chain.LINKS, prefetch=READ_AHEAD):
        if first != position + 1:
            report.fault(f"journal: the link of events {first} to {last} follows event {position}")
        async for missed in events.up_to(first - 1):
            report.fault(f"journal: event {missed['position']} is in no link")
        lines, expected = [], first
        async for row in events.up_to(last):
            if row["position"] != expected:
                report.fault(f"journal: event {row['position']} stands where {expected} should")
            expected = row["position"] + 1
            lines.append(chain.line(row))
        if chain.link(before, lines) != sealed:
            report.fault(f"journal: events {first} to {last} are not what was sealed")
        position, before = last, sealed
    async for missed in events.up_to(None):
        report.fault(f"journal: event {missed['position']} is in no link")
    published = await connection.fetchval(PUBLISHED)
    if published > position:
        report.fault(f"journal: it ends at event {position}, but {published} events were told to others")
    report.head = f"{position}:{before.hex()}"


class _Events:
    """The events in order, a stretch at a time."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._cursor = aiter(connection.cursor(chain.EVENTS, prefetch=READ_AHEAD))
        self._next: Any = None

    async def up_to(self, position: int | None) -> AsyncIterator[Any]:
        """The events that are left, up to this position; None: all of them."""
        while True:
            if self._next is None:
                self._next = await anext(self._cursor, None)
            if self._next is None or (position is not None and self._next["position"] > position):
                return
            row, self._next = self._next, None
            yield row
