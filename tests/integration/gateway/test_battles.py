"""Battles as clients see them: the documented shapes, the phone's own cache, and where a vote comes from."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.errors import ServiceError
from contracts.rpc import battle, creation
from kernel.clock import iso, utc_now
from tests.integration.gateway.conftest import Running, StartGateway
from tests.integration.gateway.fakes import NOW, Fakes, public_creation

PERSON_7 = {"id": 7, "name": "Person 7", "avatar_url": None}


def found(battle_id: int = 45, **changes: Any) -> battle.Battle:
    usual: dict[str, Any] = {
        "id": battle_id,
        "status": "active",
        "a": battle.Side(creation_id=123, user_id=7, votes=156),
        "b": battle.Side(creation_id=98, user_id=8, votes=142),
        "ends_at": iso(utc_now() + timedelta(seconds=100)),
        "ended_at": None,
        "user_vote": None,
        "winner_id": None,
        "prize": 0,
    }
    return battle.Battle(**usual | changes)


def pictures(*creation_ids: int) -> creation.PublicCreations:
    return creation.PublicCreations(items=[public_creation(id_, 7, style_id=2) for id_ in creation_ids])


def contenders(*creation_ids: int, under_review: tuple[int, ...] = ()) -> creation.Contenders:
    return creation.Contenders(items=pictures(*creation_ids).items, under_review=list(under_review))


async def test_a_battle_is_shown_with_pictures_people_and_styles(gateway: Running, fakes: Fakes) -> None:
    shown = found()
    fakes.on(battle.CurrentBattle, battle.MaybeBattle(battle=shown))
    fakes.on(creation.ContendersByIds, contenders(123, 98, under_review=(98,)))
    answer = await gateway.client.get("/api/battles/current")
    assert answer.headers["cache-control"] == "private, max-age=60"
    body = answer.json()
    left_s = body["data"].pop("time_remaining")
    assert 90 < left_s <= 100
    picture = {"image_url": "https://pictures.test/g.jpg", "thumbnail_url": "https://pictures.test/t.webp"}
    assert body == {
        "success": True,
        "data": {
            "id": 45,
            "creation_a": {"id": 123, **picture, "style_name": "Red Saree", "under_review": False, "user": PERSON_7},
            "creation_b": {
                "id": 98,
                **picture,
                "style_name": "Red Saree",
                "under_review": True,
                "user": PERSON_7 | {"id": 8, "name": "Person 8"},
            },
            "votes_a": 156,
            "votes_b": 142,
            "total_votes": 298,
            "ends_at": shown.ends_at,
            "user_vote": None,
        },
    }
    # The clock alone changes nothing; a vote does.
    etag = {"If-None-Match": answer.headers["etag"]}
    fakes.on(battle.CurrentBattle, battle.MaybeBattle(battle=shown))
    assert (await gateway.client.get("/api/battles/current", headers=etag)).status_code == 304
    fakes.on(battle.CurrentBattle, battle.MaybeBattle(battle=found(user_vote=123, ends_at=shown.ends_at)))
    assert (await gateway.client.get("/api/battles/current", headers=etag)).json()["data"]["user_vote"] == 123


async def test_there_may_be_no_battle_and_one_whose_picture_just_went_is_passed_over(
    gateway: Running, fakes: Fakes
) -> None:
    nothing = {"success": True, "data": None, "message": "No battles available. Check back soon!"}
    fakes.on(battle.CurrentBattle, battle.MaybeBattle(battle=found(45)))
    fakes.on(battle.NextBattle, battle.MaybeBattle(battle=None))
    fakes.on(creation.ContendersByIds, contenders(123))
    assert (await gateway.client.get("/api/battles/current")).json() == nothing
    assert fakes.asked[battle.NextBattle][0].exclude_id == 45
    answer = await gateway.client.get("/api/battles/next", params={"exclude_id": "46"})
    assert (answer.json(), answer.headers["cache-control"]) == (nothing, "no-store")
    assert fakes.asked[battle.NextBattle][1].exclude_id == 46
    for wrong in ("x", "0", "9" * 30):
        refused = await gateway.client.get("/api/battles/next", params={"exclude_id": wrong})
        assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, ["exclude_id"])


async def test_a_result_and_the_history(gateway: Running, fakes: Fakes) -> None:
    over = found(status="ended", ended_at=NOW, winner_id=98, prize=100, user_vote=98)
    fakes.on(battle.GetBattle, over)
    fakes.on(creation.PublicByIds, pictures(123))  # the other one has been hidden since
    data = (await gateway.client.get("/api/battles/45")).json()["data"]
    assert (data["status"], data["winner_id"], data["prize"], data["time_remaining"]) == ("ended", 98, 100, 0)
    assert (data["creation_a"]["image_url"], data["creation_b"]["image_url"]) == ("https://pictures.test/g.jpg", None)
    assert data["prize_withheld"] is None
    fakes.on(battle.GetBattle, found(status="ended", ended_at=NOW, winner_id=98, prize_withheld="too_close"))
    data = (await gateway.client.get("/api/battles/45")).json()["data"]
    assert (data["winner_id"], data["prize"], data["prize_withheld"]) == (98, 0, "too_close")
    fought = battle.Fought(
        id=45, mine=over.b, opponent=over.a, result="won", ended_at=NOW, prize_withheld="daily_limit"
    )
    fakes.on(battle.ListFought, battle.FoughtPage(items=[fought], total=41))
    body = (await gateway.client.get("/api/battles/history", params={"page": 2, "limit": 20})).json()
    assert body["data"] == [
        {
            "id": 45,
            "my_creation": {"id": 98, "thumbnail_url": None, "votes": 142},
            "opponent_creation": {
                "id": 123,
                "thumbnail_url": "https://pictures.test/t.webp",
                "votes": 156,
                "user": PERSON_7,
            },
            "result": "won",
            "prize": 0,
            "prize_withheld": "daily_limit",
            "ended_at": NOW,
        }
    ]
    assert (body["total"], body["pagination"]["total_pages"], body["pagination"]["has_next"]) == (41, 3, True)
    fakes.on(battle.GetBattle, ServiceError("BATTLE_NOT_FOUND", "Battle not found."))
    assert (await gateway.client.get("/api/battles/46")).status_code == 404


async def test_a_vote_tells_battle_where_it_comes_from_in_hashes(start_gateway: StartGateway, fakes: Fakes) -> None:
    gateway = await start_gateway(trusted_proxies="127.0.0.1")
    voted = battle.Voted(votes_a=1, votes_b=2, user_vote=123, vote_percentage=battle.VotePercentage(a=33.3, b=66.7))
    fakes.on(battle.CastVote, voted)

    async def vote(battle_id: int, body: Any, **headers: str) -> httpx.Response:
        return await gateway.client.post(f"/api/battles/{battle_id}/vote", json=body, headers=headers)

    phone = {"X-Device-ID": "phone-1", "X-Forwarded-For": "203.0.113.7"}
    fakes.on(battle.EnterPool, battle.PoolPlace(creation_id=123))
    await gateway.client.post("/api/battles/enter", json={"creation_id": 123}, headers=phone)
    answer = await vote(45, {"creation_id": 123}, **phone)
    assert answer.json() == {"success": True, "data": voted.model_dump(), "message": "Vote recorded!"}
    await vote(45, {"creation_id": 123}, **phone | {"X-Forwarded-For": "203.0.113.8"})
    await vote(45, {"creation_id": 123}, **{"X-Forwarded-For": "2001:db8::7"})
    first, elsewhere, other = fakes.asked[battle.CastVote]
    assert (first.user_id, first.battle_id, first.creation_id) == (42, 45, 123)
    assert first.device == elsewhere.device != other.device == 0
    assert len({first.address, elsewhere.address, other.address, 0}) == 4
    entered = fakes.asked[battle.EnterPool][0]
    assert (entered.device, entered.address) == (first.device, first.address)
    # Whoever comes from our own side of the router shares an address with everyone there.
    for own in ("127.0.0.1", "172.18.0.1", "192.168.1.20", "::1", "fd00::7"):
        await vote(45, {"creation_id": 123}, **{"X-Forwarded-For": own})
        assert fakes.asked[battle.CastVote][-1].address == 0, own
    wrong: list[Any] = [
        {},
        {"creation_id": "x"},
        {"creation_id": 0},
        {"creation_id": 10**30},
        {"creation_id": None},
        [],
        "x",
    ]
    for body in wrong:
        assert (await vote(45, body)).status_code == 400
    assert len(fakes.asked[battle.CastVote]) == 8


@pytest.mark.parametrize(
    ("code", "status"),
    [("ALREADY_VOTED", 409), ("BATTLE_ENDED", 400), ("INVALID_CREATION", 400), ("OWN_CREATION", 400)],
)
async def test_refused_votes(gateway: Running, fakes: Fakes, code: str, status: int) -> None:
    fakes.on(battle.CastVote, ServiceError(code, "No."))
    answer = await gateway.client.post("/api/battles/45/vote", json={"creation_id": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_entering_leaving_and_who_may_do_what(gateway: Running, fakes: Fakes) -> None:
    fakes.on(battle.EnterPool, battle.PoolPlace(creation_id=123))
    fakes.on(battle.LeavePool, battle.PoolPlace(creation_id=123))
    fakes.on(battle.ListSuspects, battle.VotePage(items=[], total=0))
    vote = battle.Vote(battle_id=45, user_id=3, creation_id=9, weight=0, reasons=["burst"], voted_at=NOW)
    fakes.on(battle.ReviewVote, vote)
    entered = (await gateway.client.post("/api/battles/enter", json={"creation_id": 123})).json()
    assert entered == {"success": True, "message": "Creation entered into battle pool! You'll be matched soon."}
    assert (await gateway.client.delete("/api/battles/enter/123")).status_code == 200
    decision = {"decision": "discard", "reason": "a bot"}
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/battles/enter", {"creation_id": 123}),
        ("DELETE", "/api/battles/enter/123", None),
        ("POST", "/api/battles/45/vote", {"creation_id": 123}),
        ("GET", "/api/admin/votes?suspicious", None),
        ("POST", "/api/admin/votes/45/3", decision),
    ]
    may = {"guest": 0, "user": 3, "moderator": 5, "admin": 5}
    fakes.on(battle.CastVote, ServiceError("BATTLE_ENDED", "This battle has ended."))
    for role, allowed in may.items():
        head = {"Authorization": f"Bearer {fakes.key.token(5, role=role)}"}
        statuses = [
            (await gateway.anonymous.request(method, path, json=body, headers=head)).status_code
            for method, path, body in calls
        ]
        assert [status != 403 for status in statuses] == [number < allowed for number in range(5)], role
    request = fakes.asked[battle.ReviewVote][-1]
    assert (request.by, request.battle_id, request.user_id, request.decision) == (5, 45, 3, "discard")
    assert (await gateway.anonymous.get("/api/battles/current")).status_code == 401
