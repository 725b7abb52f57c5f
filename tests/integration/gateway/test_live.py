"""Who is connected hears what concerns them, and nobody else does."""

import asyncio
import time
from typing import Any

from contracts.errors import ServiceError
from contracts.events.battle import BattleCancelled, BattleEnded
from contracts.events.creation import (
    CreationGenerated,
    CreationLiked,
    CreationQueued,
    CreationUnliked,
    PaintingStarted,
)
from contracts.events.ledger import CreditsGranted, CreditsHeld
from contracts.events.notify import NotificationAdded
from contracts.rpc.creation import CountLikes, LikeCounts
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.live import Phone, phone, vote


async def test_votes_reach_the_room_at_most_four_times_a_second_and_the_last_always(
    gateway: Running, fakes: Fakes
) -> None:
    async with phone(gateway, fakes.key.token(1)) as inside, phone(gateway, fakes.key.token(2)) as outside:
        await inside.join(7)
        await outside.join(8)
        began = time.monotonic()
        while time.monotonic() - began < 1.1:
            await vote(fakes, 7, int((time.monotonic() - began) * 1000), 3)
            await asyncio.sleep(0.01)
        await vote(fakes, 7, 5000, 4)
        await inside.until_heard("battle:vote_update", {"battle_id": 7, "votes_a": 5000, "votes_b": 4})
        seconds = time.monotonic() - began
        assert 3 <= len(inside.named("battle:vote_update")) <= 2 + seconds * 4
        counts = [update["votes_a"] for update in inside.named("battle:vote_update")]
        assert counts == sorted(counts)
        await inside.client.call("battle:leave", {"battle_id": 7})
        await vote(fakes, 7, 6000, 4)
        await vote(fakes, 8, 1, 0)
        await outside.until_heard("battle:vote_update", {"battle_id": 8, "votes_a": 1, "votes_b": 0})
        assert outside.heard == [("battle:vote_update", {"battle_id": 8, "votes_a": 1, "votes_b": 0})]
        assert inside.named("battle:vote_update")[-1]["votes_a"] == 5000


async def test_a_battles_end_comes_after_its_final_count_to_the_room_and_to_the_owners(
    gateway: Running, fakes: Fakes
) -> None:
    async with phone(gateway, fakes.key.token(1)) as looker, phone(gateway, fakes.key.token(2)) as owner:
        await looker.join(7)
        await looker.join(8)
        await owner.join(7)
        ended = BattleEnded(
            battle_id=7,
            winner_user_id=2,
            loser_user_id=3,
            winner_id=101,
            user_a_id=2,
            user_b_id=3,
            votes_a=9,
            votes_b=8,
        )
        await fakes.say(ended)
        await looker.until_heard("battle:ended", {"battle_id": 7, "winner_id": 101})
        assert [name for name, _ in looker.heard] == ["battle:vote_update", "battle:ended"]
        assert looker.heard[0][1] == {"battle_id": 7, "votes_a": 9, "votes_b": 8}
        await owner.until_heard("battle:ended", {"battle_id": 7, "winner_id": 101})
        assert len(owner.named("battle:ended")) == 1  # in the room and its owner, told once
        assert not gateway.gateway.live.hub.is_watched(7)
        gone = BattleCancelled(battle_id=8, creation_a_id=1, creation_b_id=2, user_a_id=2, user_b_id=9)
        await fakes.say(gone)
        for one in (looker, owner):
            await one.until_heard("battle:ended", {"battle_id": 8, "winner_id": None})


async def test_balances_notifications_and_progress_reach_their_owner_alone(gateway: Running, fakes: Fakes) -> None:
    async with phone(gateway, fakes.key.token(1)) as mine, phone(gateway, fakes.key.token(2, role="guest")) as other:
        await fakes.say(CreationQueued(creation_id=5, user_id=1))
        await fakes.progress(5, 40)  # said sooner than the event below
        await fakes.say(PaintingStarted(creation_id=5, user_id=1, attempt=1))
        await fakes.say(CreditsHeld(user_id=1, creation_id=5, credits=50, balance=2450))
        await fakes.say(
            CreationGenerated(creation_id=5, user_id=1, style_id=1, style_name="x", credits=50, is_public=False)
        )
        await fakes.progress(5, 90)  # late
        await fakes.say(NotificationAdded(notification_id=77, user_id=1, kind="battle_won"))
        await fakes.say(CreditsGranted(user_id=2, credits=10, reason="ad", balance=10))
        await mine.until_heard("creation:progress", {"creation_id": 5, "status": "completed", "progress": 100})
        await mine.until_heard("notification:new", {"id": 77, "type": "battle_won"})
        await mine.until_heard("credits:updated", {"balance": 2450})
        await other.until_heard("credits:updated", {"balance": 10})
        steps = mine.named("creation:progress")
        assert steps[0]["status"] == "queued"
        assert steps[-1]["status"] == "completed"
        assert [step["progress"] for step in steps] == sorted(step["progress"] for step in steps)
        assert other.heard == [("credits:updated", {"balance": 10})]
        assert ("credits:updated", {"balance": 10}) not in mine.heard
        before = len(mine.named("credits:updated"))
        for balance in range(3000, 3100):
            await fakes.say(CreditsGranted(user_id=1, credits=1, reason="ad", balance=balance))
        await mine.until_heard("credits:updated", {"balance": 3099})
        assert len(mine.named("credits:updated")) - before < 20


async def test_likes_are_counted_once_for_the_owner_and_the_liker(gateway: Running, fakes: Fakes) -> None:
    counts = iter([31, 30])

    async def count(request: Any) -> LikeCounts:
        assert request.creation_ids == [5]
        if len(fakes.asked[CountLikes]) == 1:
            raise ServiceError("SERVICE_UNAVAILABLE", "not yet")
        return LikeCounts(counts={5: next(counts)})

    fakes.on(CountLikes, count)
    people = (phone(gateway, fakes.key.token(user)) for user in (1, 2, 3))
    async with next(people) as owner, next(people) as liker, next(people) as stranger:
        for liking in (2, 90, 91, 92):
            await fakes.say(CreationLiked(creation_id=5, user_id=liking, owner_id=1))
        await fakes.say(CreationLiked(creation_id=6, user_id=90, owner_id=91))  # nobody of these is here
        for one in (owner, liker):
            await one.until_heard("creation:liked", {"creation_id": 5, "likes_count": 31})
        assert len(owner.named("creation:liked")) == 1
        await fakes.say(CreationUnliked(creation_id=5, user_id=90, owner_id=1))
        await owner.until_heard("creation:liked", {"creation_id": 5, "likes_count": 30})
        assert len(fakes.asked[CountLikes]) == 3
        assert len(liker.named("creation:liked")) == 1
        assert stranger.heard == []


async def test_every_gateway_tells_its_own(start_gateway: StartGateway, fakes: Fakes) -> None:
    first, second = await start_gateway(), await start_gateway()
    async with phone(first, fakes.key.token(1)) as here, phone(second, fakes.key.token(1)) as there:
        for one in (here, there):
            await one.join(7)
        await vote(fakes, 7, 1, 0)
        await fakes.say(CreditsGranted(user_id=1, credits=1, reason="ad", balance=5))
        for one in (here, there):
            await one.until_heard("battle:vote_update", {"battle_id": 7, "votes_a": 1, "votes_b": 0})
            await one.until_heard("credits:updated", {"balance": 5})
            assert len(one.heard) == 2


async def test_after_the_broker_was_away_all_are_told_to_ask_again(
    gateway: Running, fakes: Fakes, servers: Any
) -> None:
    async with phone(gateway, fakes.key.token(1)) as one:
        await one.join(7)
        servers.nats.kill()
        await eventually(lambda: _is_deaf(gateway), within_s=10)
        servers.nats.restart()
        await one.until_heard("sync", {}, within_s=20)
        await _until_votes_come(fakes, one)


async def _is_deaf(running: Running) -> bool:
    return not running.gateway.tap.hears


async def _until_votes_come(fakes: Fakes, one: Phone) -> None:
    """The stand-in's own connection comes back when it does."""

    async def heard() -> bool:
        await vote(fakes, 7, 2, 1)
        return ("battle:vote_update", {"battle_id": 7, "votes_a": 2, "votes_b": 1}) in one.heard

    await eventually(heard, within_s=10)
