"""What a person has done is counted from what other services say: in any order, twice over, and before auth starts."""

import asyncio
import random
from collections.abc import AsyncIterator

import nats
import pytest

from contracts.envelope import Event
from contracts.events.auth import AchievementAwarded
from contracts.events.battle import BattleEnded, BattleEntered, VoteCast
from contracts.events.creation import (
    CreationDeleted,
    CreationGenerated,
    CreationLiked,
    CreationUnliked,
    VisibilityChanged,
)
from contracts.rpc.auth import GetProfile, Profile
from kernel.service import Service
from tests.integration.auth.conftest import Clock, Running, events, fetch, log_in, refresh, sign_up
from tests.integration.auth.voices import Voice
from tests.waiting import until

FAN = 4711


@pytest.fixture
async def voice(nats_url: str) -> AsyncIterator[Voice]:
    client = await nats.connect(nats_url)
    yield Voice(client)
    await client.close()


def life_of(user_id: int) -> list[tuple[Event, int]]:
    """Everything that is counted, with its version in its stream. Three of five pictures are left, two public."""

    def made(creation_id: int, *, public: bool) -> CreationGenerated:
        return CreationGenerated(
            creation_id=creation_id, user_id=user_id, style_id=1, style_name="x", credits=50, is_public=public
        )

    def shown(creation_id: int, *, public: bool) -> VisibilityChanged:
        return VisibilityChanged(creation_id=creation_id, user_id=user_id, is_public=public)

    likes: list[tuple[Event, int]] = [
        (CreationLiked(creation_id=1, user_id=FAN + number, owner_id=user_id), 1) for number in range(11)
    ]
    return [
        *[(made(creation_id, public=creation_id != 5), 4) for creation_id in range(1, 6)],
        (shown(2, public=False), 5),
        (shown(2, public=True), 6),
        (shown(3, public=False), 5),
        (CreationDeleted(creation_id=1, user_id=user_id, style_id=1), 7),
        (CreationDeleted(creation_id=5, user_id=user_id, style_id=1), 7),
        (CreationDeleted(creation_id=6, user_id=user_id, style_id=1), 3),  # it had failed
        *likes,
        (CreationUnliked(creation_id=1, user_id=FAN, owner_id=user_id), 1),
        (BattleEntered(battle_id=1, creation_id=2, user_id=user_id), 1),
        (BattleEntered(battle_id=2, creation_id=2, user_id=user_id), 1),
        (BattleEnded(battle_id=1, winner_user_id=user_id, loser_user_id=FAN), 2),
        (BattleEnded(battle_id=2, winner_user_id=None, loser_user_id=None), 2),
        (VoteCast(battle_id=3, user_id=user_id), 1),
    ]


NUMBERS = {
    "creations_count": 3,
    "public_creations": 2,
    "total_likes": 10,
    "battle_wins": 1,
    "battle_participations": 2,
    "votes_cast": 1,
    "current_streak": 1,
    "longest_streak": 1,
}


async def profile_of(auth: Service, user_id: int) -> Profile:
    found: Profile = await auth.bus.caller.ask(GetProfile(user_id=user_id))
    return found


async def numbers_of(auth: Service, user_id: int) -> dict[str, int]:
    return (await profile_of(auth, user_id)).stats.model_dump()


@pytest.mark.parametrize("seed", range(3))
async def test_in_any_order_and_twice_over_the_numbers_are_the_same(auth: Service, voice: Voice, seed: int) -> None:
    user_id = (await sign_up(auth)).user.id
    said = life_of(user_id)
    random.Random(seed).shuffle(said)
    envelopes = [await voice.say(event, version=version) for event, version in said]
    await until(lambda: numbers_of(auth, user_id), NUMBERS.__eq__)
    for envelope in reversed(envelopes):
        await voice.repeat(envelope)
    marker = VoteCast(battle_id=9, user_id=FAN)
    await voice.say(marker)
    await until(lambda: numbers_of_state(auth, FAN), lambda state: state is not None and '"votes":1' in state)
    await asyncio.sleep(0.3)
    assert await numbers_of(auth, user_id) == NUMBERS
    slugs = [row["data"] for row in await events(auth, "AchievementAwarded")]
    assert len(slugs) == len(set(slugs))


async def numbers_of_state(auth: Service, user_id: int) -> str | None:
    rows = await fetch(auth, "SELECT state FROM streams WHERE stream_id = $1", f"stats-{user_id}")
    return str(rows[0]["state"]) if rows else None


async def test_what_was_said_before_auth_ever_started_is_counted_too(running: Running, voice: Voice) -> None:
    for event, version in life_of(1):
        await voice.say(event, version=version)
    async with running() as auth:
        user_id = (await sign_up(auth)).user.id
        assert user_id == 1
        await until(lambda: numbers_of(auth, user_id), NUMBERS.__eq__)


async def test_two_processes_count_everything_once(running: Running, voice: Voice) -> None:
    async with running() as auth, running():
        user_id = (await sign_up(auth)).user.id
        for event, version in life_of(user_id):
            envelope = await voice.say(event, version=version)
            await voice.repeat(envelope)
        await until(lambda: numbers_of(auth, user_id), NUMBERS.__eq__)


async def test_achievements_are_shown_with_when_and_told_to_the_others(auth: Service, voice: Voice) -> None:
    subscription = await voice.client.subscribe(f"events.{AchievementAwarded.TYPE}")
    user_id = (await sign_up(auth)).user.id
    assert (await profile_of(auth, user_id)).achievements == []
    for event, version in life_of(user_id):
        await voice.say(event, version=version)
    await until(lambda: numbers_of(auth, user_id), NUMBERS.__eq__)
    found = (await profile_of(auth, user_id)).achievements
    assert {each.slug for each in found} == {"first-creation", "likes-10", "first-battle", "first-win"}
    assert all(each.awarded_at.endswith("Z") and each.icon and each.description for each in found)
    told = [await subscription.next_msg(5) for _ in found]
    assert all(f'"user_id":{user_id}' in message.data.decode() for message in told)


async def test_visits_are_counted_once_a_day_by_signing_in_and_by_refreshing(auth: Service, clock: Clock) -> None:
    signed_in = await sign_up(auth)
    user_id = signed_in.user.id

    async def streaks() -> tuple[int, int]:
        stats = (await profile_of(auth, user_id)).stats
        return stats.current_streak, stats.longest_streak

    await until(streaks, (1, 1).__eq__)
    await refresh(auth, signed_in.refresh_token)
    clock.let_pass(days=1)
    await asyncio.gather(log_in(auth), log_in(auth), refresh(auth, signed_in.refresh_token))
    await until(streaks, (2, 2).__eq__)
    clock.let_pass(days=2)
    assert await streaks() == (0, 2)
    await refresh(auth, signed_in.refresh_token)
    await until(streaks, (1, 2).__eq__)
    assert len(await events(auth, "Visited")) == 3
