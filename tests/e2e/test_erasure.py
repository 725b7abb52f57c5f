"""Whoever deletes their account is gone: everything that the stack keeps is searched for what was theirs."""

import asyncio
import io
import secrets
import zipfile
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
from PIL import Image

from tests.e2e.conftest import Person, SignUp
from tests.e2e.searching import Needles, objects_of, search, until_clean
from tests.e2e.test_main_job import picture_at
from tests.stack import Stack
from tests.unit.gateway.photos import encoded

PIECE_BYTES = 48


@dataclass(frozen=True)
class Traces:
    """What tells this person from everybody else."""

    word: str

    @property
    def email(self) -> str:
        return f"Zoraida.{self.word}@Example.com"

    @property
    def name(self) -> str:
        return f"Zoraida {self.word}-Quispe"

    @property
    def phone(self) -> str:
        return f"+1415555{int(self.word, 16) % 10_000:04d}"

    @property
    def prompt(self) -> str:
        return f"riding the {self.word} dragon"

    @property
    def tag(self) -> str:
        return f"zoraida {self.word} lake"

    @property
    def note(self) -> str:
        return f"This is my {self.word} picture"

    @property
    def address(self) -> str:
        return f"{self.word} Marine Drive"

    @property
    def password(self) -> str:
        return f"Secret-{self.word}-1"

    @property
    def push_token(self) -> str:
        return f"fcm-{self.word}:APA91bQuispe"

    @property
    def photo(self) -> bytes:
        """No other picture has a piece of this one: it is noise, and this person's own."""
        own = Image.frombytes("RGB", (50, 40), Random(self.word).randbytes(3 * 50 * 40))
        return encoded(own.resize((500, 400)), quality=91)

    @property
    def texts(self) -> dict[str, str]:
        return {
            "e-mail": self.email,
            "name": self.name,
            "phone": self.phone,
            "prompt": self.prompt,
            "tag": self.tag,
            "note": self.note,
            "address": self.address,
            "password": self.password,
            "push token": self.push_token,
        }


async def test_nothing_of_a_person_is_left(stack: Stack, api: httpx.AsyncClient, sign_up: SignUp) -> None:
    traces, stranger = Traces(secrets.token_hex(5)), await sign_up()
    asked = await api.post("/api/auth/magic-link/request", json={"email": traces.email})
    assert asked.status_code == 200, asked.text  # a mail to an address that is nobody's yet
    signed_up = await signs_up(api, traces)
    headers = {"Authorization": f"Bearer {signed_up['access_token']}"}
    async with httpx.AsyncClient(base_url=stack.url, timeout=90, headers=headers) as client:
        await goes_in_and_out(api, traces)
        await makes_pictures_and_shows_themselves(client, traces)
        theirs = await has_a_say(client, stranger, traces)
        await begins_to_buy(client, traces)
        await is_impersonated(stranger, api, traces)
        export = await takes_their_data_along(client, traces)
        folders = await folders_of(client, export)
        needles = await needles_for(stack, traces, folders)
        before = await search(stack, needles)
        assert before.keys() == needles.names - {"password"}, "the search must find what is there, or it proves nothing"

        await begins_one_more(client, traces)
        left = await client.request("DELETE", "/api/users/me", json={"password": traces.password})
        assert left.status_code == 200, left.text
        await until_clean(stack, needles)
        await is_nobody_any_more(api, client, traces, signed_up)
        assert (await stranger.client.get(f"/api/creations/{theirs}")).json()["data"]["likes_count"] == 0
    for key in await objects_of(stack).keys():
        assert not key.startswith(tuple(folders)), key
    assert "0 faults" in stack.magicpic("audit")
    assert "No dead letters" in stack.magicpic("dead", "list")
    assert (await stranger.client.get("/api/users/profile")).json()["data"]["email"] == stranger.email


async def signs_up(api: httpx.AsyncClient, traces: Traces) -> dict[str, Any]:
    body = {"email": traces.email, "password": traces.password, "name": traces.name}
    answer = await api.post("/api/auth/signup", json=body)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def goes_in_and_out(api: httpx.AsyncClient, traces: Traces) -> None:
    for password, status in (("Wrong-Horse-1", 401), (traces.password, 200)):
        answer = await api.post("/api/auth/login", json={"email": traces.email, "password": password})
        assert answer.status_code == status, answer.text


async def makes_pictures_and_shows_themselves(client: httpx.AsyncClient, traces: Traces) -> None:
    made = await client.post("/api/creations/generate", **picture(traces))
    assert made.status_code == 200, made.text
    device = await client.post("/api/devices", json={"token": traces.push_token, "platform": "android"})
    assert device.status_code == 200, device.text
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00", "time_zone": "Asia/Kolkata"}}
    assert (await client.put("/api/notifications/preferences", json=quiet)).status_code == 200
    avatar = ("photo.jpg", traces.photo, "image/jpeg")
    changed = await client.put("/api/users/profile", data={"phone": traces.phone}, files={"avatar": avatar})
    assert changed.status_code == 200, changed.text
    assert (await picture_at(changed.json()["data"]["avatar_url"])).size == (512, 512)
    profile = (await client.get("/api/users/profile")).json()["data"]
    assert (profile["phone"], profile["credits"], profile["missing"]) == (traces.phone, 2450, [])
    assert len(profile["recent_creations"]) == 1


async def has_a_say(client: httpx.AsyncClient, stranger: Person, traces: Traces) -> int:
    """About a picture of the stranger's: its id."""
    made = await stranger.client.post("/api/creations/generate", **picture(Traces("0")))
    theirs: int = made.json()["data"]["id"]
    [shown] = [one for one in (await client.get("/api/creations?limit=50")).json()["data"] if one["id"] == theirs]
    assert (shown["likes_count"], shown["user"]["id"]) == (0, stranger.id)
    liked = await client.post(f"/api/creations/{theirs}/like")
    assert liked.json()["data"] == {"likes_count": 1, "is_liked": True}
    assert (await client.get(f"/api/creations/{theirs}")).json()["data"]["views_count"] == 1
    reported = await client.post(f"/api/creations/{theirs}/report", json={"reason": "copyright", "note": traces.note})
    assert reported.status_code == 200, reported.text
    [mine] = (await client.get("/api/creations/mine")).json()["data"]
    tagged = await client.patch(f"/api/creations/{mine['id']}", json={"tags": [f"#{traces.tag.upper()}"]})
    assert tagged.json()["data"]["tags"] == [traces.tag]
    return theirs


async def begins_to_buy(client: httpx.AsyncClient, traces: Traces) -> None:
    billing = {"name": traces.name, "address": traces.address, "state": "29"}
    order = await client.post("/api/credits/purchase", json={"package_id": 1, "billing": billing})
    assert order.status_code == 200, order.text


def picture(traces: Traces) -> dict[str, Any]:
    photo = ("photo.jpg", traces.photo, "image/jpeg")
    return {"files": {"image": photo}, "data": {"style_id": "1", "custom_prompt": traces.prompt}}


async def is_impersonated(stranger: Person, api: httpx.AsyncClient, traces: Traces) -> None:
    """What a database refuses, it may write into its log."""
    taken = await stranger.client.put("/api/users/profile", json={"phone": traces.phone})
    assert taken.json()["error"]["code"] == "PHONE_EXISTS"
    body = {"email": traces.email, "password": "Correct-Horse-1", "name": "Somebody Else"}
    assert (await api.post("/api/auth/signup", json=body)).json()["error"]["code"] == "EMAIL_EXISTS"


async def takes_their_data_along(client: httpx.AsyncClient, traces: Traces) -> str:
    """The ZIP's address."""
    async with asyncio.timeout(60):
        while (answer := await client.get("/api/users/export")).status_code == 202:
            await asyncio.sleep(0.3)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["data"]["url"]
    async with httpx.AsyncClient() as plain:
        archive = zipfile.ZipFile(io.BytesIO((await plain.get(url)).content))
    assert traces.email in archive.read("account.json").decode()
    assert traces.prompt in archive.read("creations.json").decode()
    assert "signup_bonus" in archive.read("credits.json").decode()
    assert traces.address in archive.read("credits.json").decode()
    for word in (traces.tag, traces.note):
        assert word in archive.read("social.json").decode()
    assert "Asia/Kolkata" in archive.read("notifications.json").decode()
    names = {name.rpartition("/")[2] for name in archive.namelist() if name.startswith("pictures/")}
    assert names == {"original.jpg", "result.jpg", "avatar.jpg"}
    return url


async def folders_of(client: httpx.AsyncClient, export: str) -> list[str]:
    """Where this person's objects lie: of a picture, the avatar and the export."""
    profile = (await client.get("/api/users/profile")).json()["data"]
    [mine] = (await client.get("/api/creations/mine")).json()["data"]
    urls = (mine["generated_image_url"], mine["original_image_url"], profile["avatar_url"], export)
    return [urlsplit(url).path.split("/", 2)[2].rpartition("/")[0] + "/" for url in urls]


async def needles_for(stack: Stack, traces: Traces, folders: list[str]) -> Needles:
    """The texts, and a piece out of the middle of every object."""
    objects = objects_of(stack)
    pieces = {"photo": middle_of(traces.photo)}
    for key in [key for folder in folders for key in await objects.keys(folder)]:
        pieces[f"piece of {key}"] = middle_of(await objects.get(key))
    assert len(pieces) == 1 + 4 + 2 + 1  # a picture has four objects, an avatar two
    return Needles(traces.texts, pieces)


def middle_of(content: bytes) -> bytes:
    return content[len(content) // 2 :][:PIECE_BYTES]


async def begins_one_more(client: httpx.AsyncClient, traces: Traces) -> None:
    """A picture that is in the making when its owner leaves."""
    answer = await client.post("/api/creations/generate", **picture(traces), headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text


async def is_nobody_any_more(
    api: httpx.AsyncClient, client: httpx.AsyncClient, traces: Traces, signed_up: dict[str, Any]
) -> None:
    refresh = {"Authorization": f"Bearer {signed_up['refresh_token']}"}
    assert (await api.post("/api/auth/refresh", headers=refresh)).status_code == 401
    login = await api.post("/api/auth/login", json={"email": traces.email, "password": traces.password})
    assert (login.status_code, login.json()["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    for path in ("/api/auth/me", "/api/users/profile", "/api/users/export"):
        assert (await client.get(path)).status_code == 401, path  # its session has ended, and the gateway has heard
    await signs_up(api, traces)  # the address is free again
