"""Who is told, how often, and when no longer: the parts of `gateway/live` without a socket."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts.rpc.auth import RevocationPage
from gateway.errors import Refused
from gateway.live.feed import Feed
from gateway.live.hub import MAX_ROOMS, Hub, Listener, Room, battle_id_of
from gateway.live.pace import Pace
from gateway.live.told import SYNC, Told, credits_updated, session_expired, vote_update
from gateway.revocations import Revocations
from gateway.security import Caller
from gateway.services import Services
from gateway.tap import Tap
from tests.waiting import until

ROOMY = Room(100, 100, 10)
GOODBYE = session_expired("Token is invalid or expired")


class Ear(Listener):
    kind = "test"

    def __init__(self, user_id: int = 1, session_id: str | None = "s", *, life_s: float = 60) -> None:
        super().__init__(Caller(user_id, session_id, "user", time.time() - 1, time.time() + life_s))
        self.heard: list[bytes] = []
        self.closed = False

    def tell(self, told: Told) -> None:
        self.heard.append(told.stream_event)

    def close(self) -> None:
        self.closed = True


async def nothing_revoked(_: int) -> RevocationPage:
    return RevocationPage(sessions=[], users={}, next=None)


async def known_revocations(fetch: Callable[[int], Any] = nothing_revoked) -> Revocations:
    revocations = Revocations(fetch)
    revocations.missed()
    await revocations.settled()
    return revocations


async def a_hub(room: Room = ROOMY) -> tuple[Hub, Revocations]:
    revocations = await known_revocations()
    return Hub(revocations, room), revocations


async def test_a_pace_passes_on_the_first_at_once_and_the_last_always() -> None:
    passed: list[tuple[str, int, float]] = []
    pace: Pace[str, int] = Pace(lambda key, value: passed.append((key, value, time.monotonic())), 0.05)
    began = time.monotonic()
    while time.monotonic() - began < 0.12:
        pace.offer("a", round((time.monotonic() - began) * 1e6))
        await asyncio.sleep(0.001)
    pace.offer("a", 10**9)
    pace.offer("b", 1)
    assert passed[0][2] - began < 0.04
    assert passed[-1][:2] == ("b", 1)  # another key does not wait

    async def last() -> int:
        return passed[-1][1]

    assert await until(last, lambda value: value == 10**9) == 10**9
    times = [when for key, _, when in passed if key == "a"]
    assert all(later - earlier > 0.04 for earlier, later in itertools.pairwise(times))
    await asyncio.sleep(0.12)
    assert not pace._waiting


async def test_what_waits_can_be_passed_on_now_and_is_not_passed_on_twice() -> None:
    passed: list[int] = []
    pace: Pace[str, int] = Pace(lambda _, value: passed.append(value), 0.02)
    pace.flush("a")
    for value in (1, 2, 3):
        pace.offer("a", value)
    pace.flush("a")
    pace.flush("a")
    await asyncio.sleep(0.06)
    assert passed == [1, 3]


async def test_only_those_concerned_are_told_and_each_connection_once() -> None:
    hub, _ = await a_hub()
    mine, also_mine, other = Ear(1), Ear(1, "s2"), Ear(2)
    for ear in (mine, also_mine, other):
        hub.add(ear)
    hub.join(mine, 7)
    hub.tell_users([1, 1, 99], credits_updated(5))
    hub.tell_room(7, vote_update(7, 1, 2), and_users=[1])
    assert mine.heard == also_mine.heard == [credits_updated(5).stream_event, vote_update(7, 1, 2).stream_event]
    assert other.heard == []


async def test_nothing_is_left_of_those_who_went() -> None:
    hub, _ = await a_hub()
    ear = Ear()
    with hub.place("1.2.3.4"):
        hub.add(ear)
        for battle_id in range(1, MAX_ROOMS + 1):
            hub.join(ear, battle_id)
        with pytest.raises(Refused):
            hub.join(ear, MAX_ROOMS + 1)
        hub.remove(ear)
        hub.remove(ear)
        hub.join(ear, 5)
    groups = (hub.listeners, hub._of_user, hub._of_session, hub._in_battle, hub._of_address, ear.rooms)
    assert not any(groups)
    assert ear.expiry
    assert ear.expiry.cancelled()


async def test_there_is_room_for_so_many() -> None:
    hub, _ = await a_hub(Room(in_all=3, per_address=2, per_user=1))
    with hub.place("a"), hub.place("a"):
        with pytest.raises(Refused, match="from here"), hub.place("a"):
            pass
        with hub.place("b"), pytest.raises(Refused, match="Too many are connected"), hub.place("c"):
            pass
        with hub.place("b"):
            pass
    hub.add(Ear(1))
    with pytest.raises(Refused, match="At most 1"):
        hub.add(Ear(1))


async def test_a_connection_ends_with_its_token_its_session_and_its_users_access() -> None:
    hub, revocations = await a_hub()
    short, by_session, by_user, newer, stays = Ear(1, life_s=0.05), Ear(2, "gone"), Ear(3, "x"), Ear(3, "y"), Ear(4)
    newer.caller = Caller(3, "y", "user", time.time() + 5, time.time() + 60)
    for ear in (short, by_session, by_user, newer, stays):
        hub.add(ear)
    revocations.end_session("gone")
    revocations.end_access(3, time.time())
    assert by_session.closed
    assert by_user.closed

    async def is_over() -> bool:
        return short.closed

    await until(is_over, bool, timeout_s=2)
    assert short.heard == by_session.heard == by_user.heard == [GOODBYE.stream_event]
    assert hub.listeners == {newer, stays}
    for late in (Ear(5, life_s=0), Ear(6, "gone"), Ear(3, None)):
        with pytest.raises(Refused) as refused:
            hub.add(late)
        assert refused.value.code == "INVALID_TOKEN"


async def test_while_it_is_not_known_whose_access_has_ended_nobody_is_told_and_then_to_ask_again() -> None:
    answers = asyncio.Queue[RevocationPage]()
    await answers.put(RevocationPage(sessions=[], users={}, next=None))

    async def fetch(_: int) -> RevocationPage:
        return await answers.get()

    revocations = await known_revocations(fetch)
    hub, tap = Hub(revocations, Room(10, 10, 10)), Tap(Services("nats://nowhere"), ())
    feed = Feed(hub, tap, revocations, Services("nats://nowhere").caller)
    tap.on_gap(revocations.missed)
    ears = [Ear(user, f"s{user}") for user in range(3)]
    for ear in ears:
        hub.add(ear)
    tap._gap()
    hub.tell_users([1], credits_updated(5))
    assert ears[1].heard == []
    await answers.put(RevocationPage(sessions=["s2"], users={}, next=None))

    async def told() -> list[list[bytes]]:
        return [ear.heard for ear in ears]

    expected = [[SYNC.stream_event], [SYNC.stream_event], [GOODBYE.stream_event]]
    await until(told, lambda heard: heard == expected, timeout_s=3)
    await feed.close()
    await revocations.close()


@pytest.mark.parametrize("what", [None, 7, "7", [7], {}, {"battle_id": "7"}, {"battle_id": 7.0}, {"battle_id": True}])
def test_a_battle_is_named_by_its_number(what: Any) -> None:
    with pytest.raises(Refused):
        battle_id_of(what)
    assert battle_id_of({"battle_id": 7, "more": 1}) == 7


def test_what_is_told_is_written_out_as_each_way_has_it() -> None:
    told = Told("credits:updated", {"balance": 5})
    assert told.packet.encode() == '42["credits:updated",{"balance":5}]'
    assert told.stream_event == b'event: credits:updated\ndata: {"balance":5}\n\n'
    assert told.packet is told.packet
