"""Walks through everything that the documents promise, once, and keeps every answer for the tests to look at."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.clients import NO_TLS
from tests.fakes.admob import FakeAdmob
from tests.fakes.razorpay import FakeRazorpay
from tests.stack import Stack
from tests.unit.gateway.photos import encoded, scene

PHOTO = encoded(scene(320, 240))
PASSWORD = "Correct-Horse-1"
Json = dict[str, Any]


@dataclass(frozen=True)
class Somebody:
    id: int
    email: str
    refresh_token: str
    http: httpx.Client


@dataclass
class Tour:
    """`answers`: the good one of each endpoint. `errors`: by endpoint and code. `failed`: what a room stumbled over."""

    stack: Stack
    razorpay: FakeRazorpay
    admob: FakeAdmob
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    errors: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)
    clients: list[httpx.Client] = field(default_factory=list)
    people: dict[str, Somebody] = field(default_factory=dict)

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        made = httpx.Client(base_url=self.stack.url, timeout=90, verify=NO_TLS, headers=headers)
        self.clients.append(made)
        return made

    def well(self, endpoint: str, answer: httpx.Response) -> Any:
        """Keeps how the endpoint answers when all is well; returns `data`, if there is any."""
        answer.request.read()
        self.answers[endpoint] = answer
        assert answer.status_code == 200, f"{endpoint}: {answer.text}"
        return answer.json().get("data")

    def badly(self, endpoint: str, code: str, answer: httpx.Response) -> None:
        self.errors[endpoint, code] = answer

    def somebody(self, name: str) -> Somebody:
        """Signed up at the first mention."""
        if name not in self.people:
            email = f"{name}@tour.example.org"
            body = {"email": email, "password": PASSWORD, "name": name.capitalize()}
            data = self.client().post("/api/auth/signup", json=body).raise_for_status().json()["data"]
            http = self.client(data["access_token"])
            self.people[name] = Somebody(data["user"]["id"], email, data["refresh_token"], http)
        return self.people[name]

    def picture_of(self, name: str, *, public: bool = True, style_id: int = 1) -> int:
        made = self.somebody(name).http.post(
            "/api/creations/generate",
            files={"image": ("photo.jpg", PHOTO, "image/jpeg")},
            data={"style_id": str(style_id), "is_public": str(public).lower()},
        )
        return int(made.raise_for_status().json()["data"]["id"])

    def walk(self, *rooms: Callable[["Tour"], None]) -> None:
        """Room by room: one that fails leaves the others to be seen."""
        for room in rooms:
            try:
                room(self)
            except (AssertionError, httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
                self.failed.append(error)
