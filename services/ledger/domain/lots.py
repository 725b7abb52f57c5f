"""Lots: the credits of one grant, so that each can expire on its own and it is known which were spent.

A wallet keeps its open lots by number. Spending draws from the lot that expires first; of those that expire together
(or never) from granted ones before bought ones, then from the oldest.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from kernel.values import Value

NEVER = datetime.max.replace(tzinfo=UTC)
FIRST_LOT = 1
"""All that was granted before there were lots: one granted lot that never expires."""
MAX_LOTS = 32
"""Open lots of either kind (granted, bought) in one wallet. What is granted beyond joins a lot that lives as long."""

Parts = tuple[tuple[int, int], ...]
"""Which lots something came from or went to: (number of the lot, credits)."""
Ends = tuple[tuple[datetime, int], ...]
"""Credits that end, and when: (end, credits)."""


class Lot(Value, frozen=True, omit_defaults=True):
    """`credits` can be spent, `held` are put aside by open holds. It is closed when both are gone.

    `reference` names what it was granted for (an order), so that a refund takes these very credits.
    """

    credits: int
    held: int = 0
    source: str = ""
    bought: bool = False
    expires_at: datetime | None = None
    reference: str | None = None


Lots = dict[int, Lot]


def draw(lots: Lots, amount: int, first: Sequence[int] = ()) -> Parts:
    """Which lots `amount` credits come from, as far as they reach; `first` are drawn before all others."""
    if amount <= 0:
        return ()
    ranks = [(lot.expires_at or NEVER, lot.bought, number) for number, lot in lots.items() if lot.credits]
    if ranks and not first and lots[number := min(ranks)[2]].credits >= amount:
        return ((number, amount),)  # nearly always, and without sorting
    order = [number for _, _, number in sorted(ranks)]
    if first:
        order = [*first, *[number for number in order if number not in first]]
    parts = []
    for number in order:
        taken = min(amount, lots[number].credits)
        if taken:
            parts.append((number, taken))
            amount -= taken
        if not amount:
            break
    return tuple(parts)


def ends_of(lots: Lots, parts: Parts) -> Ends:
    """When the parts would have ended, of those that do."""
    found = ((lots[number].expires_at, amount) for number, amount in parts)
    return tuple((end, amount) for end, amount in found if end)


def up_to(ends: Ends, amount: int) -> Ends:
    """As many of them as make `amount` credits, those that end first before others."""
    parts = []
    for end, credits_ in sorted(ends):
        if part := min(amount, credits_):
            parts.append((end, part))
            amount -= part
    return tuple(parts)


def without(ends: Ends, end: datetime, amount: int) -> Ends:
    """What is left of them when so many credits with that end are gone."""
    left = []
    for its_end, credits_ in ends:
        gone = min(amount, credits_) if its_end == end else 0
        amount -= gone
        if credits_ > gone:
            left.append((its_end, credits_ - gone))
    return tuple(left)


def moved(lots: Lots, parts: Parts, credits_: int, held: int) -> Lots:
    """The lots after `parts` were added (1), taken (-1) or left (0), in what can be spent and in what is held."""
    changed = dict(lots)
    for number, amount in parts:
        lot = changed[number]
        left = Lot(
            lot.credits + credits_ * amount,
            lot.held + held * amount,
            lot.source,
            lot.bought,
            lot.expires_at,
            lot.reference,
        )
        if left.credits or left.held:
            changed[number] = left
        else:
            del changed[number]
    return changed


def expired(lots: Lots, now: datetime) -> list[int]:
    """The lots whose time is over and that still have something to lose: held credits are not theirs to take."""
    return [number for number, lot in lots.items() if lot.expires_at and lot.expires_at <= now and lot.credits]


def place_for(
    lots: Lots, made: int, source: str, *, bought: bool, expires_at: datetime | None
) -> tuple[int, datetime | None]:
    """The lot that new credits go to, and when they expire there. `made`: the highest number that was ever given.

    Granted credits that never expire join the open lot of their source, so that a wallet stays small however many
    small grants it gets. A kind that has too many lots takes no more: its credits join one that lives at least as
    long, or lengthen the life of the one that lives longest. Nobody's credits expire sooner than promised.
    """
    kind = {number: lot for number, lot in lots.items() if lot.bought == bought}
    if not bought and expires_at is None:
        joined = [number for number, lot in kind.items() if lot.source == source and lot.expires_at is None]
        if joined:
            return joined[0], None
    if len(kind) < MAX_LOTS:
        return made + 1, expires_at
    life = expires_at or NEVER
    by_life = sorted((lot.expires_at or NEVER, number) for number, lot in kind.items())
    for its_life, number in by_life:
        if its_life >= life:
            return number, kind[number].expires_at
    return by_life[-1][1], expires_at


def opened(lots: Lots, number: int, new: Lot) -> Lots:
    """The lots with a grant in its place: one of its own, or an open one that it joins."""
    there = lots.get(number)
    if there:
        new = Lot(there.credits + new.credits, there.held, there.source, there.bought, new.expires_at, there.reference)
    return {**lots, number: new} if new.credits or new.held else lots
