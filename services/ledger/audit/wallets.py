"""The streams one after another: events, transfers and states against each other."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from kernel.clock import iso
from kernel.decider import Codec, Decider
from kernel.store import Recorded, recorded_from
from services.ledger import projections
from services.ledger.audit.report import Report
from services.ledger.domain import WALLET, CreditsDebited, CreditsTakenBack, Entry, Wallet

GRACE = timedelta(minutes=5)
PAGE = 2000

EVENTS_BY_STREAM = """
SELECT position, stream_id, version, event_id, type, data, correlation_id, causation_id, recorded_at
FROM events WHERE (stream_id, version) > ($1, $2) ORDER BY stream_id, version LIMIT $3
"""
TRANSFERS_OF = "SELECT * FROM transfers WHERE position = ANY($1)"
STATES_OF = "SELECT stream_id, version, state FROM streams WHERE stream_id = ANY($1)"
COUNTS = """
SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM streams) AS streams,
       (SELECT count(*) FROM transfers) AS transfers
"""


async def check_streams(
    connection: asyncpg.Connection, codec: Codec, now: datetime, report: Report, tell: Callable[[int], None]
) -> None:
    """Everything that one stream can show, a page of events in hand at a time; then that nothing was left over."""
    auditor = _Auditor(connection, codec, now, report)
    last = ("", 0)
    while rows := await connection.fetch(EVENTS_BY_STREAM, *last, PAGE):
        last = (rows[-1]["stream_id"], rows[-1]["version"])
        await auditor.check_page(rows)
        tell(report.events)
    await auditor.finish()


class _Stream:
    """One stream as far as it was read. `broken`: its events make no sense any more, which was told."""

    def __init__(self, stream_id: str, decider: Decider[Any, Any, Any]) -> None:
        self.stream_id = stream_id
        self.decider = decider
        self.version = 0
        self.state = decider.initial
        self.booked = [0, 0]
        self.broken = False

    @property
    def is_wallet(self) -> bool:
        return self.decider.category == WALLET.category


class _Auditor:
    def __init__(self, connection: asyncpg.Connection, codec: Codec, now: datetime, report: Report) -> None:
        self._connection = connection
        self._codec = codec
        self._now = now
        self._report = report
        self._stream: _Stream | None = None
        self._ended: list[_Stream] = []
        self._transfers = 0
        self._house: dict[str, int] = defaultdict(int)

    async def check_page(self, rows: list[asyncpg.Record]) -> None:
        stored = await self._connection.fetch(TRANSFERS_OF, [row["position"] for row in rows])
        transfers = {row["position"]: tuple(row.values()) for row in stored}
        for row in rows:
            stream = self._stream
            if stream is None or row["stream_id"] != stream.stream_id:
                stream = self._begin(row["stream_id"])
            self._check_event(stream, row, transfers.get(row["position"]))
        self._report.events += len(rows)
        await self._check_states()

    async def finish(self) -> None:
        if self._stream:
            self._ended.append(self._stream)
        await self._check_states()
        await self._check_totals()

    def _begin(self, stream_id: str) -> _Stream:
        if self._stream:
            self._ended.append(self._stream)
        known = stream_id.rpartition("-")[0] in self._codec.deciders
        self._stream = _Stream(stream_id, self._codec.decider_of(stream_id) if known else WALLET)
        if not known:
            self._stream.broken = True
            self._fault(self._stream, "no such stream can be")
        return self._stream

    def _check_event(self, stream: _Stream, row: asyncpg.Record, stored: tuple[Any, ...] | None) -> None:
        if row["version"] != stream.version + 1:
            self._fault(stream, f"event {row['version']} follows {stream.version}")
        stream.version = row["version"]
        if stream.broken:
            return
        try:
            record = recorded_from(row, self._codec)
            before, stream.state = stream.state, stream.decider.evolve(stream.state, record.event)
        except Exception as error:  # noqa: BLE001  (whatever it is, the journal is not what was written)
            stream.broken = True
            self._fault(stream, f"event {row['version']} makes no sense here: {error!r}")
            return
        if stream.is_wallet:
            for fault in _wallet_faults(before, stream.state, record.event):
                self._fault(stream, f"{fault} after event {row['version']}")
            if isinstance(record.event, CreditsDebited) and record.event.late:
                self._report.note(f"{stream.stream_id}: creation {record.event.creation_id} was debited late")
            self._check_transfer(stream, record, stored)

    def _check_transfer(self, stream: _Stream, record: Recorded, stored: tuple[Any, ...] | None) -> None:
        expected = projections.transfer(record)
        if stored != expected:
            self._fault(stream, f"the transfer of event {record.version} is {stored}, not {expected}")
        if stored is not None:
            self._transfers += 1
        if expected:
            _, _, debit, credit, amount, *_ = expected
            for account, change in ((debit, -amount), (credit, amount)):
                if account.startswith("wallet:"):
                    stream.booked[0] += change
                elif account.startswith("held:"):
                    stream.booked[1] += change
                else:
                    self._house[account] += change

    async def _check_states(self) -> None:
        """The streams whose last event has been read: is all that is known of them the same?"""
        ended, self._ended = self._ended, []
        if not ended:
            return
        rows = await self._connection.fetch(STATES_OF, [stream.stream_id for stream in ended])
        states = {row["stream_id"]: row for row in rows}
        for stream in ended:
            self._report.streams += 1
            row = states.get(stream.stream_id)
            if not stream.broken and not self._is_fold(stream, row):
                self._fault(stream, "the stored state is not the fold of the events")
            if stream.is_wallet:
                self._check_wallet(stream, stream.state)

    def _is_fold(self, stream: _Stream, row: asyncpg.Record | None) -> bool:
        if row is None or row["version"] != stream.version:
            return False
        try:
            stored: object = self._codec.state(stream.decider, row["state"])
        except ValueError:  # msgspec's: it is not even a state
            return False
        return bool(stored == stream.state)

    def _check_wallet(self, stream: _Stream, wallet: Wallet) -> None:
        booked = tuple(stream.booked)
        if booked != (wallet.balance, wallet.pending) and not stream.broken:
            self._fault(stream, f"transfers say {booked}, the wallet {(wallet.balance, wallet.pending)}")
        for creation_id, hold in wallet.holds.items():
            if hold.expires_at + GRACE < self._now:
                self._fault(stream, f"the hold of creation {creation_id} should have ended at {iso(hold.expires_at)}")
        for number, lot in wallet.lots.items():
            if lot.credits and lot.expires_at and lot.expires_at + GRACE < self._now:
                self._fault(stream, f"lot {number} should have expired at {iso(lot.expires_at)}")
        if wallet.balance < 0:
            self._report.note(f"{stream.stream_id}: {-wallet.balance} credits are owed")
        self._report.wallets += 1
        self._report.balance += wallet.balance
        self._report.pending += wallet.pending

    async def _check_totals(self) -> None:
        """Counts match, so nothing was left over; and all accounts together make zero."""
        report = self._report
        counts = await self._connection.fetchrow(COUNTS)
        if counts["events"] != report.events:
            report.fault(f"{counts['events']} events exist, {report.events} belong to streams")
        if counts["streams"] != report.streams:
            report.fault(f"{counts['streams']} states exist for {report.streams} streams")
        if counts["transfers"] != self._transfers:
            report.fault(f"{counts['transfers']} transfers exist for {self._transfers} events that move credits")
        total = sum(self._house.values()) + report.balance + report.pending
        if total != 0:
            report.fault(f"all accounts together make {total}, not zero")

    def _fault(self, stream: _Stream, text: str) -> None:
        self._report.fault(f"{stream.stream_id}: {text}")


def _wallet_faults(before: Wallet, wallet: Wallet, event: object) -> list[str]:
    """What is not as it must be in a wallet after an event."""
    faults = []
    balance, pending = wallet.balance, wallet.pending
    if min(wallet.earned, wallet.spent, pending) < 0:
        faults.append("something is negative")
    owing = isinstance(event, CreditsTakenBack) and event.reason != "adjustment"
    if balance < min(0, before.balance) and not owing:
        faults.append("more was spent than there was")
    if wallet.earned - wallet.spent != balance + pending:
        faults.append("earned - spent is not balance + pending")
    if isinstance(event, Entry) and event.total != balance + pending:
        faults.append("the total is not balance + pending")
    held: dict[int, int] = defaultdict(int)
    for hold in wallet.holds.values():
        for number, amount in hold.lots:
            held[number] += amount
        if sum(amount for _, amount in hold.lots) != hold.credits:
            faults.append("the lots of a hold are not its credits")
    free = 0
    for number, lot in wallet.lots.items():
        free += lot.credits
        if lot.credits < 0 or lot.held != held.pop(number, 0):
            faults.append(f"lot {number} is not what was put into it and taken from it")
    if held or free != max(0, balance):
        faults.append("the lots do not make up the balance")
    return faults
