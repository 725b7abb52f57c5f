"""A wallet as its events have left it."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from kernel.values import Value, field
from services.ledger.domain.events import (
    CreditsDebited,
    CreditsExpired,
    CreditsGranted,
    CreditsHeld,
    CreditsLow,
    CreditsRefused,
    CreditsReleased,
    CreditsSpent,
    CreditsTakenBack,
    Event,
    ReleaseRemembered,
)
from services.ledger.domain.lots import FIRST_LOT, Ends, Lot, Lots, Parts, moved, opened, without

REMEMBERED = 200
"""Releases without a hold that a wallet remembers; a job's own messages are never that far apart."""


class Hold(Value, frozen=True):
    credits: int
    expires_at: datetime
    description: str
    lots: Parts = ()


class Wallet(Value, frozen=True):
    """`balance` can be spent; open holds are kept by creation id. The counts number the history's entries.

    `released` are the last creations whose release came while nothing was held for them: messages can overtake each
    other, and a hold that comes after its release must not be placed. `lots` make up the balance (while it is
    negative nothing in them can be spent) and the holds. `low` is the mark below which the owner has been told that
    the balance is; 0: not told. `taken`: what was taken back of credits that end, by its reference, until it is given
    back.
    """

    balance: int = 0
    holds: dict[int, Hold] = field(default_factory=dict)
    earned: int = 0
    spent: int = 0
    earned_entries: int = 0
    spent_entries: int = 0
    released: tuple[int, ...] = ()
    lots: Lots = field(default_factory=dict)
    lots_made: int = 0
    low: int = 0
    taken: dict[str, Ends] = field(default_factory=dict)

    @property
    def pending(self) -> int:
        return sum(hold.credits for hold in self.holds.values()) if self.holds else 0


def evolve(wallet: Wallet, event: Event) -> Wallet:
    balance, holds, earned, spent = event.balance, wallet.holds, wallet.earned, wallet.spent
    earned_entries, spent_entries, released = wallet.earned_entries, wallet.spent_entries, wallet.released
    lots, lots_made, low, taken = wallet.lots, wallet.lots_made, wallet.low, wallet.taken
    match event:
        case CreditsGranted():
            earned, earned_entries = earned + event.credits, earned_entries + 1
            lots, lots_made = _with_grant(lots, event), max(lots_made, event.lot or FIRST_LOT)
            low = low if balance < low else 0
            taken = _given_back(taken, event) if event.given_back else taken
        case CreditsSpent() | CreditsTakenBack() | CreditsExpired():
            spent, spent_entries = spent + event.credits, spent_entries + 1
            lots = moved(lots, event.lots, -1, 0)
            if isinstance(event, CreditsTakenBack) and event.ends and event.reference:
                taken = {**taken, event.reference: (*taken.get(event.reference, ()), *event.ends)}
        case CreditsHeld():
            parts = _parts(event)
            holds = {**holds, event.creation_id: Hold(event.credits, event.expires_at, event.description, parts)}
            lots = moved(lots, parts, -1, 1)
        case CreditsRefused():
            return wallet
        case CreditsDebited():
            holds = _without(holds, event.creation_id)
            spent, spent_entries = spent + event.credits, spent_entries + 1
            lots = moved(lots, _parts(event), *((-1, 0) if event.late else (0, -1)))
        case CreditsReleased():
            holds = _without(holds, event.creation_id)
            lots = moved(lots, _parts(event), 1, -1)
            if event.filled:
                lots = moved(lots, event.filled, -1, 0)
        case ReleaseRemembered():
            released = (*released, event.creation_id)[-REMEMBERED:]
        case CreditsLow():
            low = event.mark
        case _:
            assert_never(event)
    return Wallet(balance, holds, earned, spent, earned_entries, spent_entries, released, lots, lots_made, low, taken)


def fold(wallet: Wallet, events: Sequence[Event]) -> Wallet:
    for event in events:
        wallet = evolve(wallet, event)
    return wallet


def _with_grant(lots: Lots, event: CreditsGranted) -> Lots:
    keeps_reference = event.bought or event.expires_at is not None
    new = Lot(
        event.credits - event.filled,
        0,
        event.source,
        event.bought,
        event.expires_at,
        event.reference if keeps_reference else None,
    )
    return opened(lots, event.lot or FIRST_LOT, new)


def _given_back(taken: dict[str, Ends], event: CreditsGranted) -> dict[str, Ends]:
    if event.given_back is None or event.reference is None:
        return taken
    left = without(taken.get(event.reference, ()), event.given_back, event.credits)
    others = {reference: ends for reference, ends in taken.items() if reference != event.reference}
    return {**others, event.reference: left} if left else others


def _parts(event: CreditsHeld | CreditsDebited | CreditsReleased) -> Parts:
    """Which lots it was about. Old events do not say: theirs was the first."""
    return event.lots or (((FIRST_LOT, event.credits),) if event.credits else ())


def _without(holds: dict[int, Hold], creation_id: int) -> dict[int, Hold]:
    return {key: hold for key, hold in holds.items() if key != creation_id}
