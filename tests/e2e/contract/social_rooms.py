"""What is asked for in the documents' rooms for more than one: feed, likes, battles, discovery."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.e2e.contract.tour import PASSWORD, PHOTO, Tour

PATIENCE_S = 40
PAUSE_S = 0.05


def until(ask: Callable[[], httpx.Response], right: Callable[[Any], object]) -> httpx.Response:
    """Ask until the `data` is right, or patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = ask()
        if right(answer.json().get("data")) or time.monotonic() > deadline:
            return answer
        time.sleep(PAUSE_S)


def liking(tour: Tour) -> None:
    ada, picture = tour.somebody("ada"), tour.picture_of("jim")
    path = f"/api/creations/{picture}/like"
    tour.well("POST /api/creations/{id}/like", ada.http.post(path))
    query: dict[str, Any] = {"style_id": 1, "user_id": tour.somebody("jim").id, "sort": "popular", "page": 1}
    tour.well("GET /api/creations", ada.http.get("/api/creations", params=query | {"limit": 20}))
    tour.well("DELETE /api/creations/{id}/like", ada.http.delete(path))
    for method in ("POST", "DELETE"):
        gone = ada.http.request(method, "/api/creations/999999999/like")
        tour.badly(f"{method} /api/creations/{{id}}/like", "CREATION_NOT_FOUND", gone)


def discovering(tour: Tour) -> None:
    picture = tour.picture_of("jim")
    tour.stack.magicpic("admin", "create", tour.somebody("editor").email)
    login = {"email": tour.somebody("editor").email, "password": PASSWORD}
    token = tour.client().post("/api/auth/login", json=login).json()["data"]["access_token"]
    tour.client(token).put(f"/api/admin/creations/{picture}/featured").raise_for_status()
    tour.somebody("anime")
    ada = tour.somebody("ada").http
    parts = ("featured_creations", "daily_challenge")
    found = until(lambda: ada.get("/api/discover"), lambda data: all(data.get(part) for part in parts))
    tour.well("GET /api/discover", found)
    query = {"q": "anime", "type": "all"}
    tour.well("GET /api/discover/search", ada.get("/api/discover/search", params=query))


def uploading(tour: Tour) -> None:
    endpoint, jim = "POST /api/upload/image", tour.somebody("jim").http
    for code, data in {"INVALID_IMAGE": b"no picture", "IMAGE_TOO_LARGE": b"\xff\xd8\xff" + bytes(10 << 20)}.items():
        answer = jim.post("/api/upload/image", files={"image": ("image.jpg", data, "image/jpeg")})
        tour.badly(endpoint, code, answer)
    tour.well(endpoint, jim.post("/api/upload/image", files={"image": ("image.jpg", PHOTO, "image/jpeg")}))
    device = {"token": "tour-token", "platform": "android"}
    tour.well("POST /api/devices", jim.post("/api/devices", json=device))


def battling(tour: Tour) -> None:
    """Battles are short here, so everything is ready before they begin; with four people there are two."""
    fighters = {name: tour.picture_of(name) for name in ("jim", "ada", "kim", "tom")}
    private = tour.picture_of("jim", public=False)
    jim, tim, una = (tour.somebody(name).http for name in ("jim", "una", "ugo"))
    enter = "POST /api/battles/enter"
    wrong = {"NOT_OWNER": fighters["ada"], "CREATION_PRIVATE": private, "CREATION_NOT_FOUND": 999_999_999}
    for code, picture in wrong.items():
        tour.badly(enter, code, jim.post("/api/battles/enter", json={"creation_id": picture}))
    for name, picture in fighters.items():
        body = {"creation_id": picture}
        tour.well(enter, tour.somebody(name).http.post("/api/battles/enter", json=body))
    current = until(lambda: tim.get("/api/battles/current"), bool)
    battle = tour.well("GET /api/battles/current", current)
    _vote(tour, battle, tim)
    query = {"exclude_id": battle["id"]}
    tour.well("GET /api/battles/next", until(lambda: tim.get("/api/battles/next", params=query), bool))
    again = jim.post("/api/battles/enter", json={"creation_id": fighters["jim"]})
    tour.badly(enter, "ALREADY_IN_BATTLE", again)
    mine = f"/api/creations/{fighters['jim']}"
    until(lambda: jim.get(mine), lambda data: data["in_battle"])
    tour.badly("DELETE /api/creations/{id}", "CREATION_IN_BATTLE", jim.delete(mine))
    history = until(lambda: jim.get("/api/battles/history"), bool)
    tour.well("GET /api/battles/history", history)
    late = una.post(f"/api/battles/{battle['id']}/vote", json={"creation_id": battle["creation_a"]["id"]})
    tour.badly("POST /api/battles/{id}/vote", "BATTLE_ENDED", late)
    board = until(
        lambda: jim.get("/api/battles/leaderboard", params={"period": "weekly"}), lambda data: data["current_user_rank"]
    )
    tour.well("GET /api/battles/leaderboard", board)


def _vote(tour: Tour, battle: dict[str, Any], voter: httpx.Client) -> None:
    endpoint, path = "POST /api/battles/{id}/vote", f"/api/battles/{battle['id']}/vote"
    one = battle["creation_a"]
    tour.badly(endpoint, "INVALID_CREATION", voter.post(path, json={"creation_id": 999_999_999}))
    tour.badly(endpoint, "BATTLE_NOT_FOUND", voter.post("/api/battles/999999999/vote", json={"creation_id": one["id"]}))
    owner = next(person for person in tour.people.values() if person.id == one["user"]["id"])
    tour.badly(endpoint, "OWN_CREATION", owner.http.post(path, json={"creation_id": one["id"]}))
    tour.well(endpoint, voter.post(path, json={"creation_id": one["id"]}))
    tour.badly(endpoint, "ALREADY_VOTED", voter.post(path, json={"creation_id": battle["creation_b"]["id"]}))


ROOMS = (liking, discovering, uploading, battling)
