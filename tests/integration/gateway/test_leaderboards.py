"""The leaderboard from the gateway's memory: the same page for all, in which each finds themselves."""

from typing import Any

from contracts.errors import ServiceError
from contracts.events.battle import BattleEnded
from contracts.rpc import auth, boards
from gateway.apps.magicpic.board_shapes import LeaderboardPage, LeaderboardPart
from tests.integration.gateway.conftest import Running, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.test_envelope import assert_error

PATH = "/api/battles/leaderboard"
ME = 42
ENDED = BattleEnded(battle_id=1, winner_user_id=7, loser_user_id=8)


class Battle:
    """A stand-in with a board of people in the order of `order`."""

    def __init__(self, fakes: Fakes, *order: int) -> None:
        self.order = list(order)
        fakes.on(boards.ListLeaders, self.leaders)
        fakes.on(boards.GetOwnRank, self.standing)
        fakes.on(boards.ListAround, self.around)

    def standings(self) -> list[boards.BoardRow]:
        return [
            boards.BoardRow(rank=rank, user_id=user_id, wins=9 - rank, total_battles=9, win_rate=33.3)
            for rank, user_id in enumerate(self.order, start=1)
        ]

    async def leaders(self, request: boards.ListLeaders) -> boards.Board:
        begin = (request.page - 1) * request.limit
        return self.board(self.standings()[begin : begin + request.limit])

    async def standing(self, request: boards.GetOwnRank) -> boards.OnBoard:
        own = [standing for standing in self.standings() if standing.user_id == request.user_id]
        return boards.OnBoard(standing=own[0] if own else None)

    async def around(self, request: boards.ListAround) -> boards.Board:
        if request.user_id not in self.order:
            return self.board([])
        rank = self.order.index(request.user_id) + 1
        return self.board([s for s in self.standings() if abs(s.rank - rank) <= request.size])

    def board(self, standings: list[boards.BoardRow]) -> boards.Board:
        return boards.Board(period="weekly", of="2026-W46", standings=standings, total=len(self.order))


async def board_of(gateway: Running, query: str = "", *, token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await gateway.client.get(PATH + query, headers=headers)
    assert answer.status_code == 200, answer.text
    LeaderboardPage.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


async def test_a_page_is_as_the_guide_has_it(gateway: Running, fakes: Fakes) -> None:
    Battle(fakes, 7, ME, 9, 10)
    answer = await gateway.client.get(PATH)
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert answer.headers["vary"] == "Authorization, Cookie"
    body = answer.json()
    assert set(body) == {"success", "data", "total", "pagination"}
    assert (body["success"], body["total"], body["pagination"]["total_pages"]) == (True, 4, 1)
    data = body["data"]
    assert set(data) == {"period", "of", "leaders", "current_user_rank"}
    assert data["leaders"][1] == {
        "rank": 2,
        "user": {"id": ME, "name": "Person 42", "avatar_url": None},
        "wins": 7,
        "total_battles": 9,
        "win_rate": 33.3,
        "badge": "🥈",
        "is_current_user": True,
    }
    assert [leader["badge"] for leader in data["leaders"]] == ["🥇", "🥈", "🥉", None]
    assert data["current_user_rank"] == {"rank": 2, "wins": 7, "total_battles": 9}
    again = await gateway.client.get(PATH, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_many_people_are_answered_from_one_question_each_finding_themselves(
    gateway: Running, fakes: Fakes
) -> None:
    Battle(fakes, *range(1, 31))
    for user_id in (1, 5, 20, 30, 99):
        for _ in range(2):
            data = (await board_of(gateway, token=fakes.key.token(user_id)))["data"]
            mine = [leader["user"]["id"] for leader in data["leaders"] if leader["is_current_user"]]
            assert mine == ([user_id] if user_id <= 20 else [])
            rank = data["current_user_rank"]
            assert (rank["rank"] if rank else None) == (user_id if user_id <= 30 else None)
    assert len(fakes.asked[boards.ListLeaders]) == 1
    assert len(fakes.asked[auth.PeopleByIds]) == 1
    assert [question.user_id for question in fakes.asked[boards.GetOwnRank]] == [30, 99]
    await board_of(gateway, "?page=2&limit=20")
    await board_of(gateway, "?period=monthly")
    await board_of(gateway, "?of=2026-10")
    asked = [(ask.period, ask.of, ask.page) for ask in fakes.asked[boards.ListLeaders]]
    assert asked == [(None, None, 1), (None, None, 2), ("monthly", None, 1), (None, "2026-10", 1)]


async def test_a_battles_end_is_seen_within_a_second_in_ones_own_rank_too(gateway: Running, fakes: Fakes) -> None:
    battle = Battle(fakes, *range(1, 23), ME)
    assert (await board_of(gateway))["data"]["current_user_rank"]["rank"] == 23
    battle.order = [9, *range(1, 9), *range(10, 22), ME, 22]
    await fakes.say(ENDED)

    async def is_seen() -> bool:
        data = (await board_of(gateway))["data"]
        return bool(data["leaders"][0]["user"]["id"] == 9 and data["current_user_rank"]["rank"] == 22)

    await eventually(is_seen, within_s=1)


async def test_names_that_could_not_be_had_come_soon(gateway: Running, fakes: Fakes) -> None:
    Battle(fakes, 7, 8)
    fakes.on(auth.PeopleByIds, ServiceError("SERVICE_UNAVAILABLE", "away"))
    first = (await board_of(gateway))["data"]["leaders"][0]
    assert first["user"] == {"id": 7, "name": "MagicPic user", "avatar_url": None}
    del fakes.handlers[auth.PeopleByIds]

    async def is_named() -> bool:
        return bool((await board_of(gateway))["data"]["leaders"][0]["user"]["name"] == "Person 7")

    await eventually(is_named, within_s=1)


async def test_around_me(gateway: Running, fakes: Fakes) -> None:
    Battle(fakes, *range(10, 20), ME, *range(20, 30))
    answer = await gateway.client.get(f"{PATH}/around-me?size=2")
    LeaderboardPart.model_validate_json(answer.content)
    body = answer.json()
    assert [
        (leader["rank"], leader["user"]["id"], leader["is_current_user"]) for leader in body["data"]["leaders"]
    ] == [
        (9, 18, False),
        (10, 19, False),
        (11, ME, True),
        (12, 20, False),
        (13, 21, False),
    ]
    assert (body["data"]["current_user_rank"]["rank"], body["total"]) == (11, 21)
    again = await gateway.client.get(f"{PATH}/around-me?size=2")
    assert (again.content, len(fakes.asked[boards.ListAround])) == (answer.content, 1)
    stranger = {"Authorization": f"Bearer {fakes.key.token(99)}"}
    nowhere = (await gateway.client.get(f"{PATH}/around-me", headers=stranger)).json()["data"]
    assert (nowhere["leaders"], nowhere["current_user_rank"]) == ([], None)


async def test_what_is_no_question_is_refused_before_battle_is_asked(gateway: Running, fakes: Fakes) -> None:
    for query in ("?period=daily", "?of=2026", "?of=2026-W46%0A", "?page=0", "?limit=0"):
        assert_error(await gateway.client.get(PATH + query), 400, "VALIDATION_ERROR")
    for query in ("?size=0", "?size=26", "?of=now"):
        assert_error(await gateway.client.get(f"{PATH}/around-me{query}"), 400, "VALIDATION_ERROR")
    assert not fakes.asked[boards.ListLeaders]
    assert not fakes.asked[boards.ListAround]


async def test_a_refusal_of_battles_is_passed_on_and_not_remembered(gateway: Running, fakes: Fakes) -> None:
    fakes.on(boards.ListLeaders, ServiceError("VALIDATION_ERROR", "No such week.", {"of": "No such week."}))
    assert_error(await gateway.client.get(f"{PATH}?of=2026-W60"), 400, "VALIDATION_ERROR")
    assert_error(await gateway.anonymous.get(PATH), 401, "INVALID_TOKEN")
    Battle(fakes, ME)
    assert (await board_of(gateway, "?of=2026-W60"))["total"] == 1
