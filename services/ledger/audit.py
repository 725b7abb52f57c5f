"""The audit: reads everything, believes nothing, in bounded memory.

It checks that each wallet's stored state is the fold of its events, that transfers mirror the events one to one, that
every account's transfers add up to what the wallets say, that all accounts together make zero, that nothing is ever
negative, and that every hold has ended or is young.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from kernel.clock import iso
from kernel.decider import Codec
from kernel.store import Recorded, recorded_from
from services.ledger import projections
from services.ledger.domain import WALLET, CreditsDebited, Event, Wallet

HOLD_GRACE = timedelta(minutes=5)
PAGE = 2000
MAX_FAULTS = 1000

EVENTS_BY_STREAM = """
SELECT position, stream_id, version, event_id, type, data, correlation_id, causation_id, recorded_at
FROM events WHERE (stream_id, version) > ($1, $2) AND stream_id LIKE 'wallet-%' ORDER BY stream_id, version LIMIT $3
"""
TRANSFERS_OF = "SELECT * FROM transfers WHERE position = ANY($1)"
STATE = "SELECT version, state FROM streams WHERE stream_id = $1"
COUNTS = """
SELECT (SELECT count(*) FROM events WHERE stream_id LIKE 'wallet-%') AS events,
       (SELECT count(*) FROM streams WHERE stream_id LIKE 'wallet-%') AS streams,
       (SELECT count(*) FROM transfers) AS transfers,
       (SELECT count(*) FROM events WHERE stream_id LIKE 'wallet-%'
        AND type NOT IN ('CreditsRefused', 'ReleaseRemembered', 'CreditsLow')) AS moving
"""
_decode = msgspec.json.Decoder(Wallet).decode


@dataclass(slots=True)
class Report:
    """`faults` must be empty; `notes` are rare but allowed (late debits)."""

    wallets: int = 0
    events: int = 0
    balance: int = 0
    pending: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def audit(
    connection: asyncpg.Connection, codec: Codec, now: datetime, tell: Callable[[int], None] = lambda _: None
) -> Report:
    """Check the whole ledger, as of one moment: all reads share one snapshot. `tell(events)` reports progress."""
    auditor = _Auditor(connection, now)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        last = ("", 0)
        while rows := await connection.fetch(EVENTS_BY_STREAM, *last, PAGE):
            last = (rows[-1]["stream_id"], rows[-1]["version"])
            await auditor.check_page([recorded_from(row, codec) for row in rows])
            tell(auditor.report.events)
        await auditor.finish_wallet()
        await auditor.check_totals()
    return auditor.report


class _Auditor:
    """Walks the events in stream order, one wallet's state in hand at a time."""

    def __init__(self, connection: asyncpg.Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.report = Report()
        self._stream_id = ""
        self._version = 0
        self._wallet = Wallet()
        self._accounts: dict[str, int] = {}
        self._house: dict[str, int] = defaultdict(int)

    async def check_page(self, page: list[Recorded]) -> None:
        rows = await self._connection.fetch(TRANSFERS_OF, [record.position for record in page])
        transfers = {row["position"]: tuple(row.values()) for row in rows}
        for record in page:
            if record.stream_id != self._stream_id:
                await self.finish_wallet()
                self._begin(record.stream_id)
            self._check_event(record, transfers.get(record.position))
        self.report.events += len(page)

    def _begin(self, stream_id: str) -> None:
        self._stream_id, self._version, self._wallet, self._accounts = stream_id, 0, Wallet(), defaultdict(int)

    def _check_event(self, record: Recorded, stored: tuple[Any, ...] | None) -> None:
        if record.version != self._version + 1:
            self._fault(f"event {record.version} follows {self._version}")
        self._version = record.version
        event: Event = record.event
        self._wallet = WALLET.evolve(self._wallet, event)
        if min(self._wallet.earned, self._wallet.spent, self._wallet.pending) < 0:
            self._fault(f"something is negative after version {record.version}")
        if self._wallet.earned - self._wallet.spent != self._wallet.balance + self._wallet.pending:
            self._fault(f"earned - spent is not balance + pending after version {record.version}")
        if isinstance(event, CreditsDebited) and event.late:
            self.report.notes.append(f"{record.stream_id}: creation {event.creation_id} was debited late")
        expected = projections.transfer(record)
        if stored != expected:
            self._fault(f"the transfer of event {record.version} is {stored}, not {expected}")
        if expected:
            self._book(str(expected[2]), str(expected[3]), int(expected[4]))

    def _book(self, debit: str, credit: str, amount: int) -> None:
        for account, change in ((debit, -amount), (credit, amount)):
            own = account.startswith(("wallet:", "held:"))
            (self._accounts if own else self._house)[account] += change

    async def finish_wallet(self) -> None:
        """The wallet's last event has been read: is all that is known of it the same?"""
        if not self._stream_id:
            return
        user_id = self._stream_id.removeprefix("wallet-")
        wallet = self._wallet
        row = await self._connection.fetchrow(STATE, self._stream_id)
        if row is None or (row["version"], _decode(row["state"])) != (self._version, wallet):
            self._fault("the stored state is not the fold of the events")
        booked = (self._accounts.get(f"wallet:{user_id}", 0), self._accounts.get(f"held:{user_id}", 0))
        if booked != (wallet.balance, wallet.pending):
            self._fault(f"transfers say {booked}, the wallet {(wallet.balance, wallet.pending)}")
        for creation_id, hold in wallet.holds.items():
            if hold.expires_at + HOLD_GRACE < self._now:
                self._fault(f"the hold of creation {creation_id} should have ended at {iso(hold.expires_at)}")
        self.report.wallets += 1
        self.report.balance += wallet.balance
        self.report.pending += wallet.pending

    async def check_totals(self) -> None:
        """Counts match, so nothing was left over; and all accounts together make zero."""
        counts = await self._connection.fetchrow(COUNTS)
        if counts["events"] != self.report.events:
            self.report.faults.append(f"{counts['events']} events exist, {self.report.events} belong to wallets")
        if counts["streams"] != self.report.wallets:
            self.report.faults.append(f"{counts['streams']} states exist for {self.report.wallets} wallets")
        if counts["transfers"] != counts["moving"]:
            self.report.faults.append(f"{counts['transfers']} transfers exist for {counts['moving']} events that move")
        total = sum(self._house.values()) + self.report.balance + self.report.pending
        if total != 0:
            self.report.faults.append(f"all accounts together make {total}, not zero")

    def _fault(self, text: str) -> None:
        if len(self.report.faults) < MAX_FAULTS:
            self.report.faults.append(f"{self._stream_id}: {text}")
