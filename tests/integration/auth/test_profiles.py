"""What people change about themselves: name, phone and avatar."""

import asyncio
import re
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import GetProfile, Me, PeopleByIds, Profile, UpdatedUser, UpdateProfile
from kernel.clock import utc_now
from kernel.objects import Objects
from kernel.service import Service
from services.auth.places import Places
from tests.given import refused
from tests.integration.auth.conftest import Running, fetch, sign_up
from tests.waiting import until

PHONE = "+91 98765 43210"


async def uploaded(objects: Objects, content: bytes = b"face") -> str:
    """What the gateway does before it asks for a new avatar."""
    folder = f"incoming/{secrets.token_hex(16)}/"
    for size in ("512.jpg", "128.jpg"):
        await objects.put(folder + size, content + size.encode(), "image/jpeg")
    return folder


async def update(auth: Service, user_id: int, **changes: str | None) -> UpdatedUser:
    found: UpdatedUser = await auth.bus.caller.ask(UpdateProfile(user_id=user_id, **changes))
    return found


async def avatars(objects: Objects) -> list[str]:
    return await objects.keys("avatars/")


async def test_a_new_profile_has_what_signing_up_gave(auth: Service) -> None:
    user = (await sign_up(auth)).user
    found: Profile = await auth.bus.caller.ask(GetProfile(user_id=user.id))
    assert found.model_dump().items() >= user.model_dump().items()
    assert (found.phone, found.achievements) == (None, [])
    assert re.fullmatch("[0-9A-Z]{8}", found.referral_code or "")
    with refused("USER_NOT_FOUND"):
        await auth.bus.caller.ask(GetProfile(user_id=4711))


async def test_what_is_left_out_stays_and_an_empty_phone_goes(auth: Service) -> None:
    user = (await sign_up(auth)).user
    changed = await update(auth, user.id, name="  Ana María ", phone=PHONE)
    assert (changed.name, changed.phone, changed.email) == ("Ana María", "+919876543210", user.email)
    assert (await update(auth, user.id)).phone == "+919876543210"
    changed = await update(auth, user.id, phone="")
    assert (changed.name, changed.phone) == ("Ana María", None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "x"}, "name"),
        ({"name": "n" * 10_000}, "name"),
        ({"name": "Ana\u202e"}, "name"),
        ({"phone": "98765"}, "phone"),
        ({"phone": "\0"}, "phone"),
        ({"avatar_folder": "creations/0123456789abcdef0123456789abcdef/"}, "avatar_folder"),
        ({"avatar_folder": "incoming/../avatars/"}, "avatar_folder"),
        ({"avatar_folder": f"incoming/{'0' * 32}/"}, "avatar"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    auth: Service, objects: Objects, changes: dict[str, str], field: str
) -> None:
    user = (await sign_up(auth)).user
    with refused("VALIDATION_ERROR") as caught:
        await update(auth, user.id, **({"name": "New Name"} | changes))
    assert set(caught.value.details) == {field}
    assert await auth.bus.caller.ask(Me(user_id=user.id)) == user
    assert await avatars(objects) == []


async def test_a_phone_belongs_to_one_account_however_it_is_typed(auth: Service, objects: Objects) -> None:
    ana, bob = (await sign_up(auth)).user, (await sign_up(auth, "bob@example.com")).user
    await update(auth, ana.id, phone=PHONE)
    await update(auth, ana.id, phone=PHONE.replace(" ", ""))
    with refused("PHONE_EXISTS"):
        await update(auth, bob.id, phone="+91-98765-43210", avatar_folder=await uploaded(objects))
    assert await avatars(objects) == []
    await update(auth, ana.id, phone="")
    await update(auth, bob.id, phone=PHONE)


async def test_ten_who_want_the_same_number_at_once_are_one_who_gets_it(auth: Service) -> None:
    users = [(await sign_up(auth, f"u{number}@example.com")).user for number in range(10)]
    outcomes = await asyncio.gather(*[update(auth, user.id, phone=PHONE) for user in users], return_exceptions=True)
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, ServiceError)]
    assert codes == ["PHONE_EXISTS"] * 9


async def test_an_avatar_is_shown_large_to_its_owner_and_small_to_others(auth: Service, objects: Objects) -> None:
    user = (await sign_up(auth)).user
    changed = await update(auth, user.id, avatar_folder=await uploaded(objects))
    faces = (await auth.bus.caller.ask(PeopleByIds(user_ids=[user.id]))).people
    async with httpx.AsyncClient() as plain:
        assert (await plain.get(str(changed.avatar_url))).content == b"face512.jpg"
        assert (await plain.get(str(faces[user.id]["avatar_url"]))).content == b"face128.jpg"
    assert urlsplit(str(changed.avatar_url)).path.split("/")[-1] == "512.jpg"
    assert len((await avatars(objects))[0].split("/")[1]) == 32


async def test_the_former_avatar_goes_when_a_new_one_comes(auth: Service, objects: Objects) -> None:
    user = (await sign_up(auth)).user
    await update(auth, user.id, avatar_folder=await uploaded(objects))
    before = await avatars(objects)
    await update(auth, user.id, avatar_folder=await uploaded(objects))
    after = await avatars(objects)
    assert len(after) == 2
    assert not set(before) & set(after)


async def test_of_many_avatars_at_once_one_is_left_and_it_is_the_one_that_is_shown(
    running: Running, objects: Objects
) -> None:
    async with running() as auth, running():
        user = (await sign_up(auth)).user
        folders = [await uploaded(objects, str(number).encode()) for number in range(8)]
        await asyncio.gather(*[update(auth, user.id, avatar_folder=folder) for folder in folders])
        left = await until(lambda: avatars(objects), lambda keys: len(keys) == 2)
        shown = (await auth.bus.caller.ask(Me(user_id=user.id))).avatar_url
        assert urlsplit(shown).path.split("/", 2)[2] in left


async def test_an_avatar_that_nobody_kept_is_swept_after_an_hour_and_one_that_is_shown_never(
    auth: Service, objects: Objects
) -> None:
    user = (await sign_up(auth)).user
    await update(auth, user.id, avatar_folder=await uploaded(objects))
    kept = await avatars(objects)
    places = Places(auth.database, objects, utc_now)
    orphan = await places.reserve("avatars/", user.id)  # and then the process died
    await objects.put(orphan + "512.jpg", b"half an avatar", "image/jpeg")
    await places.sweep(utc_now() + timedelta(minutes=59))
    assert len(await avatars(objects)) == 3
    assert await places.sweep(utc_now() + timedelta(minutes=61)) == 1
    await places.sweep(utc_now() + timedelta(days=400))
    assert await avatars(objects) == kept
    assert [row["state"] for row in await fetch(auth, "SELECT state FROM places")] == ["kept"]
