"""Which kind of stream an event belongs to."""

from kernel.store import Recorded
from services.ledger.domain import WALLET


def is_of_wallet(record: Recorded) -> bool:
    return record.stream_id.startswith(f"{WALLET.category}-")
