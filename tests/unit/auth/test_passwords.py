"""argon2id off the event loop, bounded."""

import asyncio

import pytest
from argon2 import PasswordHasher

from services.auth.passwords import Argon2, Passwords
from tests.given import refused

OWASP = Argon2(memory_kib=19 * 1024, passes=2)
SMALL = Argon2(memory_kib=64, passes=1)


def passwords(argon2: Argon2 = SMALL, *, workers: int = 2, waiting: int = 8) -> Passwords:
    return Passwords(argon2, workers=workers, waiting=waiting)


async def test_a_hash_is_argon2id_at_owasps_parameters() -> None:
    kept = await passwords(OWASP).hash("SecurePass123")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_only_the_right_password_fits() -> None:
    work = passwords()
    kept = await work.hash("SecurePass123")
    assert await work.verify(kept, "SecurePass123")
    assert not await work.verify(kept, "SecurePass124")
    assert not await work.verify(kept, "")


async def test_the_same_password_has_another_hash_each_time() -> None:
    work = passwords()
    assert await work.hash("SecurePass123") != await work.hash("SecurePass123")


async def test_without_a_kept_hash_no_password_fits() -> None:
    assert not await passwords().verify(None, "SecurePass123")


async def test_a_password_fits_however_the_keyboard_composed_it() -> None:
    work = passwords()
    assert await work.verify(await work.hash("Caf\u00e9 1234"), "Cafe\u0301 1234")


async def test_a_password_that_goes_on_after_the_longest_does_not_fit() -> None:
    work = passwords()
    kept = await work.hash("A1" + "x" * 254)
    assert await work.verify(kept, "A1" + "x" * 254)
    assert not await work.verify(kept, "A1" + "x" * 255)
    assert not await work.verify(kept, "A1" + "x" * 1_000_000)


@pytest.mark.parametrize("other", [Argon2(128, 1), Argon2(64, 2), Argon2(64, 10)])
async def test_a_hash_of_other_parameters_is_outdated(other: Argon2) -> None:
    kept = await passwords(SMALL).hash("SecurePass123")
    assert not passwords(SMALL).outdated(kept)
    assert passwords(other).outdated(kept)
    assert await passwords(other).verify(kept, "SecurePass123")


async def test_a_hash_of_another_library_with_more_lanes_fits_and_is_outdated() -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=64, parallelism=2).hash("SecurePass123")
    assert await passwords(SMALL).verify(kept, "SecurePass123")
    assert not await passwords(SMALL).verify(kept, "SecurePass124")
    assert passwords(SMALL).outdated(kept)


async def test_who_finds_no_place_is_told_at_once_and_places_come_free_again() -> None:
    work = passwords(workers=1, waiting=2)
    answers = await asyncio.gather(*[work.verify(None, "x") for _ in range(10)], return_exceptions=True)
    assert answers[:3] == [False] * 3
    assert {getattr(answer, "code", None) for answer in answers[3:]} == {"SERVICE_UNAVAILABLE"}
    assert not await work.verify(None, "x")


async def test_who_goes_away_leaves_the_place_free() -> None:
    work = passwords(workers=1, waiting=1)
    gone = [asyncio.create_task(work.verify(None, "x")) for _ in range(2)]
    await asyncio.sleep(0)
    with refused("SERVICE_UNAVAILABLE"):
        await work.verify(None, "x")
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    assert not await work.verify(None, "x")
