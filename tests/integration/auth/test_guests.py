"""Guests: who is the same one again, how many there may be, and how they become accounts."""

import asyncio
from collections import Counter

import jwt
import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import ArriveAsGuest, Device, SignedIn, SignUp
from kernel.service import Service
from tests.given import refused
from tests.integration.auth.conftest import PASSWORD, Clock, Running, events, fetch, log_in, refresh, sign_up

HOME = "203.0.113.7"


def phone(device_id: str) -> Device:
    return Device(device_id=device_id, device_name="A phone", platform="ios")


async def arrive(auth: Service, device_id: str = "p1", ip: str = HOME) -> SignedIn:
    found: SignedIn = await auth.bus.caller.ask(ArriveAsGuest(device=phone(device_id), ip=ip))
    return found


async def become(auth: Service, guest_id: int, email: str = "ana@example.com") -> SignedIn:
    request = SignUp(email=email, password=PASSWORD, name="Ana", guest_id=guest_id)
    found: SignedIn = await auth.bus.caller.ask(request)
    return found


def claimed_role(signed_in: SignedIn) -> str:
    found: str = jwt.decode(signed_in.access_token, options={"verify_signature": False})["role"]
    return found


async def test_a_guest_has_an_id_a_session_and_credits_to_come(auth: Service) -> None:
    guest = await arrive(auth)
    assert (guest.user.email, guest.user.name, guest.user.role, claimed_role(guest)) == ("", "Guest", "guest", "guest")
    [event] = await events(auth, "GuestArrived")
    assert event["data"] == f'{{"user_id":{guest.user.id},"credits":150}}'
    assert (await sign_up(auth)).user.id != guest.user.id
    await refresh(auth, guest.refresh_token)


async def test_the_same_device_from_the_same_household_is_the_same_guest(auth: Service) -> None:
    first = (await arrive(auth)).user.id
    assert (await arrive(auth)).user.id == first
    assert len({first, (await arrive(auth, "p2")).user.id, (await arrive(auth, ip="203.0.113.8")).user.id}) == 3
    assert len(await events(auth, "GuestArrived")) == 3


async def test_the_same_device_many_times_at_once_is_one_guest(running: Running) -> None:
    async with running(auth_guests_per_household=100) as auth, running(auth_guests_per_household=100):
        guests = await asyncio.gather(*[arrive(auth) for _ in range(20)])
        assert len({guest.user.id for guest in guests}) == 1
        assert len(await events(auth, "GuestArrived")) == 1


async def test_a_household_has_so_many_new_guests_a_day_even_at_once(running: Running, clock: Clock) -> None:
    async with running() as auth, running():
        answers = await asyncio.gather(*[arrive(auth, f"p{n}") for n in range(20)], return_exceptions=True)
        codes = Counter(answer.code if isinstance(answer, ServiceError) else "in" for answer in answers)
        assert codes == {"in": 5, "GUEST_LIMIT_REACHED": 15}
        await arrive(auth, ip="203.0.113.8")
        known = next(n for n, answer in enumerate(answers) if isinstance(answer, SignedIn))
        await arrive(auth, f"p{known}")  # not new
        clock.let_pass(hours=25)
        await arrive(auth, "p99")


@pytest.mark.parametrize("device_id", ["", "  "])
async def test_a_guest_without_a_device_is_refused(auth: Service, device_id: str) -> None:
    with refused("VALIDATION_ERROR"):
        await arrive(auth, device_id)


async def test_a_guest_becomes_the_account_of_the_same_id_and_former_sessions_end(auth: Service) -> None:
    guest = await arrive(auth)
    account = await become(auth, guest.user.id)
    assert (account.user.id, account.user.email, claimed_role(account)) == (guest.user.id, "ana@example.com", "user")
    with refused("INVALID_TOKEN"):
        await refresh(auth, guest.refresh_token)
    await refresh(auth, account.refresh_token)
    assert (await log_in(auth)).user == account.user
    assert (await arrive(auth)).user.id != guest.user.id, "the device alone opens no account"


async def test_nobody_signs_up_into_an_account_that_exists(auth: Service) -> None:
    guest = await arrive(auth)
    account = await become(auth, guest.user.id)
    for user_id in (guest.user.id, 999):
        with refused("INVALID_TOKEN"):
            await become(auth, user_id, "eve@example.com")
    await refresh(auth, account.refresh_token)
    with refused("INVALID_CREDENTIALS"):
        await log_in(auth, "eve@example.com")


async def test_of_two_who_sign_up_as_the_same_guest_at_once_one_does(running: Running) -> None:
    async with running() as auth, running():
        guest = await arrive(auth)
        emails = [f"user{n}@example.com" for n in range(4)]
        answers = await asyncio.gather(
            *[become(auth, guest.user.id, email) for email in emails], return_exceptions=True
        )
        assert sum(isinstance(answer, SignedIn) for answer in answers) == 1
        assert {answer.code for answer in answers if isinstance(answer, ServiceError)} == {"INVALID_TOKEN"}
        assert len(await fetch(auth, "SELECT 1 FROM people")) == 1


async def test_a_guest_who_takes_a_taken_address_stays_a_guest(auth: Service) -> None:
    await sign_up(auth)
    guest = await arrive(auth)
    with refused("EMAIL_EXISTS"):
        await become(auth, guest.user.id)
    await refresh(auth, guest.refresh_token)
    assert (await arrive(auth)).user.id == guest.user.id


async def test_neither_device_nor_address_of_a_guest_can_be_read_anywhere_but_in_the_sessions(auth: Service) -> None:
    await arrive(auth, "device-of-zoraida")
    for table in ("guests", "guest_counts", "events", "streams", "command_keys"):
        text = str(await fetch(auth, f"SELECT t::text FROM {table} t"))  # noqa: S608
        assert "zoraida" not in text
        assert HOME not in text
