"""Who fights whom: near in rating, and the longer someone waits the wider they look."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WINDOW = 100
"""Points of rating apart, for those who have just come."""
WIDENS_BY = 50
EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    creation_id: int
    user_id: int
    rating: int
    since: datetime


Pair = tuple[Waiting, Waiting]
People = frozenset[int]


def people(one: int, other: int) -> People:
    """Two people, whichever is named first."""
    return frozenset((one, other))


def window(waited: timedelta) -> int:
    """How far apart in rating an opponent may be."""
    return FIRST_WINDOW + WIDENS_BY * int(waited / EVERY)


def pairs(waiting: Iterable[Waiting], met: Iterable[People], now: datetime) -> list[Pair]:
    """As many pairs as there are now, longest waiting first; each takes the nearest opponent within its own window.

    Never the same person, and never two people who have met lately (`met`) or are paired in this very round.
    """
    taken: set[int] = set()
    know_each_other = set(met)
    oldest = sorted(waiting, key=lambda each: (each.since, each.creation_id))
    by_rating: list[tuple[int, int, Waiting]] = []
    for each in oldest:
        insort(by_rating, (each.rating, each.creation_id, each))
    places = {each.creation_id: place for place, (_, _, each) in enumerate(by_rating)}
    found: list[Pair] = []
    for one in oldest:
        if one.creation_id in taken:
            continue
        reach = window(now - one.since)
        for other in _nearest_first(by_rating, places[one.creation_id], reach):
            acquainted = people(one.user_id, other.user_id)
            if other.creation_id in taken or other.user_id == one.user_id or acquainted in know_each_other:
                continue
            found.append((one, other))
            taken |= {one.creation_id, other.creation_id}
            know_each_other.add(acquainted)
            break
    return found


def _nearest_first(by_rating: Sequence[tuple[int, int, Waiting]], place: int, reach: int) -> Iterable[Waiting]:
    """All others within `reach` points of the one at `place`, the nearest first."""
    rating, below, above = by_rating[place][0], place - 1, place + 1
    while True:
        down = rating - by_rating[below][0] if below >= 0 else reach + 1
        up = by_rating[above][0] - rating if above < len(by_rating) else reach + 1
        if min(down, up) > reach:
            return
        if down <= up:
            yield by_rating[below][2]
            below -= 1
        else:
            yield by_rating[above][2]
            above += 1
