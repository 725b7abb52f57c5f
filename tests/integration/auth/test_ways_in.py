"""Signing up with all that may be given, verifying, signing in by mail, passwords, invitations."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from contracts.rpc import auth as rpc
from kernel.service import Service
from tests.given import refused
from tests.integration.auth.conftest import PASSWORD, Running, argon2_runs, events, fetch, log_in, refresh, sign_up
from tests.integration.auth.letters import (
    NEW_PASSWORD,
    ask,
    ask_to_sign_in,
    forgot,
    last_letter,
    letter_of,
    reset,
    sign_in_by_mail,
)

PHONE = "+919876543210"


async def join(auth: Service, email: str = "ana@example.com", **fields: Any) -> rpc.SignedIn:
    found: rpc.SignedIn = await ask(auth, rpc.SignUp(email=email, password=PASSWORD, name="Somebody", **fields))
    return found


def device(device_id: str) -> rpc.Device:
    return rpc.Device(device_id=device_id, device_name="Phone", platform="android")


async def code_of(auth: Service, user_id: int) -> str:
    [[code]] = await fetch(auth, "SELECT referral_code FROM people WHERE user_id = $1", user_id)
    return str(code)


async def verify_last(auth: Service) -> None:
    await ask(auth, rpc.VerifyEmail(token=(await last_letter(auth, "verify_email")).token))


async def test_everyone_has_a_referral_code_of_their_own_that_can_be_read_aloud(auth: Service) -> None:
    await asyncio.gather(*[join(auth, f"user{n}@example.com") for n in range(8)])
    codes = [row[0] for row in await fetch(auth, "SELECT referral_code FROM people")]
    assert len(set(codes)) == 8
    assert all(len(code) <= 10 and not set(code) & set("01ILOUabcdefghijklmnopqrstuvwxyz") for code in codes)


async def test_a_phone_is_kept_in_one_form_and_belongs_to_one_account(auth: Service) -> None:
    await join(auth, phone=" +91 98765-43210 ", locale="hi")
    [[phone, locale]] = await fetch(auth, "SELECT phone, locale FROM people")
    assert (phone, locale) == (PHONE, "hi")
    assert (await last_letter(auth, "verify_email")).locale == "hi"
    with refused("PHONE_EXISTS"):
        await join(auth, "ben@example.com", phone=PHONE)
    assert len(await fetch(auth, "SELECT 1 FROM people")) == 1


@pytest.mark.parametrize("phone", ["98765", "9876543210", "+", "+0", "\0", "+91987654321012345", "x" * 9000, "+999123"])
async def test_what_is_no_phone_is_refused(auth: Service, phone: str) -> None:
    with refused("VALIDATION_ERROR") as caught:
        await join(auth, phone=phone)
    assert set(caught.value.details or {}) == {"phone"}


OWN_AND_COMMON = {
    "common": ("Password123", "Ana"),
    "common in another case": ("QWERTY123", "Ana"),
    "the name and a year": ("Zoraida2024", "zoraida"),
    "the address and a digit": ("Ana@Example.com1", "Zo"),
    "a part of the name": ("Zoraida99", "Z. Zoraida Q"),
}


@pytest.mark.parametrize(("password", "name"), OWN_AND_COMMON.values(), ids=OWN_AND_COMMON.keys())
async def test_common_and_own_passwords_are_refused(auth: Service, password: str, name: str) -> None:
    with refused("WEAK_PASSWORD"):
        await ask(auth, rpc.SignUp(email="ana@example.com", password=password, name=name))


async def test_a_code_that_is_nobodys_is_refused_before_the_address_is_looked_up(auth: Service) -> None:
    await join(auth)
    before = argon2_runs("hash")
    for code in ("NOBODYS1", "\0", "x" * 9000):
        with refused("INVALID_REFERRAL_CODE"):
            await join(auth, referral_code=code)
    assert argon2_runs("hash") == before


async def test_addresses_are_kept_as_given_and_told_apart_by_tags_and_scripts(auth: Service) -> None:
    given = ["Ana@example.com", "ana+tag@example.com", "\u0430na@example.com", "a.na@example.com"]
    for email in given:
        await join(auth, email)
    assert [row[0] for row in await fetch(auth, "SELECT email FROM people ORDER BY user_id")] == given


async def test_an_address_is_verified_by_its_code_too_and_told_of_once(auth: Service) -> None:
    ana, ben = (await join(auth)).user.id, (await join(auth, "ben@example.com")).user.id
    code = (await last_letter(auth, "verify_email")).code
    with refused("INVALID_OTP"):
        await ask(auth, rpc.VerifyEmail(code=code, user_id=ana))
    user: rpc.User = await ask(auth, rpc.VerifyEmail(code=f" {code} ", user_id=ben))
    assert (user.id, user.is_verified) == (ben, True)
    await ask(auth, rpc.AskToVerify(user_id=ben))
    assert len(await events(auth, "CodeIssued")) == 2, "there is nothing left to verify"
    await ask(auth, rpc.AskToVerify(user_id=ana))
    with refused("RATE_LIMITED"):
        await ask(auth, rpc.AskToVerify(user_id=ana))
    code = (await last_letter(auth, "verify_email")).code
    await ask(auth, rpc.VerifyEmail(code=code, email="ANA@example.com"))
    assert len(await events(auth, "EmailVerified")) == 2


async def test_an_address_that_was_nobodys_becomes_a_verified_account(auth: Service) -> None:
    await ask_to_sign_in(auth, "Eva@example.com")
    letter = await last_letter(auth, "sign_in")
    assert (letter.to, letter.name, letter.minutes) == ("Eva@example.com", "", 15)
    with refused("VALIDATION_ERROR"):
        await sign_in_by_mail(auth, email="eva@example.com", code=letter.code, name="x" * 10_000)
    entered = await sign_in_by_mail(auth, email="eva@example.com", code=letter.code, name="Éva 🎨")
    assert (entered.is_new, entered.user.email, entered.user.name) == (True, "Eva@example.com", "Éva 🎨")
    assert entered.user.is_verified
    assert len(await events(auth, "UserSignedUp")) == 1


async def test_an_address_that_was_taken_since_the_mail_opens_the_account_to_its_reader(auth: Service) -> None:
    await ask_to_sign_in(auth)
    letter = await last_letter(auth, "sign_in")
    squatter = await join(auth)
    entered = await sign_in_by_mail(auth, token=letter.token)
    assert (entered.is_new, entered.user.id) == (False, squatter.user.id)
    with refused("INVALID_CREDENTIALS"):
        await log_in(auth)


async def test_a_reset_ends_every_session_and_lock_and_verifies_the_address(auth: Service) -> None:
    first, second = await sign_up(auth), await log_in(auth)
    for _ in range(6):
        with refused("INVALID_CREDENTIALS") if _ < 5 else refused("ACCOUNT_LOCKED"):
            await log_in(auth, password="Wrong-Pass-9", ip="")
    await forgot(auth)
    code = (await last_letter(auth, "reset_password")).code
    with refused("WEAK_PASSWORD"):
        await reset(auth, code, password="weak")
    await reset(auth, code)
    for session in (first, second):
        with refused("INVALID_TOKEN"):
            await refresh(auth, session.refresh_token)
    assert (await log_in(auth, password=NEW_PASSWORD)).user.is_verified
    with refused("INVALID_CREDENTIALS"):
        await log_in(auth)
    [changed] = await events(auth, "PasswordChanged")
    assert '"reset"' in changed["data"]


async def test_a_change_ends_all_other_sessions(auth: Service) -> None:
    own, other = await sign_up(auth), await log_in(auth)
    [session_id, _] = [row["stream_id"].removeprefix("session-") for row in await events(auth, "SessionStarted")]

    def change(current: str, new: str = NEW_PASSWORD) -> rpc.ChangePassword:
        return rpc.ChangePassword(
            user_id=own.user.id, session_id=session_id, current_password=current, new_password=new
        )

    with refused("VALIDATION_ERROR") as caught:
        await ask(auth, change("Wrong-Pass-9"))
    assert set(caught.value.details or {}) == {"current_password"}
    with refused("WEAK_PASSWORD"):
        await ask(auth, change(PASSWORD, "Password123"))
    await ask(auth, change(PASSWORD))
    await refresh(auth, own.refresh_token)
    with refused("INVALID_TOKEN"):
        await refresh(auth, other.refresh_token)
    await log_in(auth, password=NEW_PASSWORD)
    for _ in range(5):
        with refused("VALIDATION_ERROR"):
            await ask(auth, change("Wrong-Pass-9"))
    with refused("ACCOUNT_LOCKED"):
        await ask(auth, change(NEW_PASSWORD, "Another-One-5"))


async def test_of_two_changes_at_once_one_password_stands_and_works(auth: Service) -> None:
    user_id = (await sign_up(auth)).user.id
    new = ["First-Wish-11", "Second-Wish-22"]
    requests = [
        rpc.ChangePassword(user_id=user_id, session_id=None, current_password=PASSWORD, new_password=password)
        for password in new
    ]
    await asyncio.gather(*[ask(auth, request) for request in requests], return_exceptions=True)
    works = []
    for password in new:
        try:
            works.append(bool(await log_in(auth, password=password)))
        except Exception:  # noqa: BLE001  (which of them it is does not matter)
            works.append(False)
    assert sum(works) == 1


async def test_an_account_without_a_password_gets_its_first_by_a_code(auth: Service) -> None:
    await ask_to_sign_in(auth)
    await sign_in_by_mail(auth, token=(await last_letter(auth, "sign_in")).token)
    await forgot(auth)
    await reset(auth, (await last_letter(auth, "reset_password")).code)
    await log_in(auth, password=NEW_PASSWORD)
    [changed] = await events(auth, "PasswordChanged")
    assert '"set"' in changed["data"]


async def test_a_code_does_not_outlive_the_address_it_was_sent_to(auth: Service) -> None:
    await sign_up(auth)
    await forgot(auth)
    letter = await last_letter(auth, "reset_password")
    [issued] = [row for row in await events(auth, "CodeIssued") if "reset" in row["data"]]
    await fetch(auth, "UPDATE people SET email = 'new@example.com', email_folded = 'new@example.com'")
    with refused("INVALID_OTP"):
        await reset(auth, letter.code)
    assert await letter_of(auth, issued["stream_id"].removeprefix("code-")) is None


async def completed(auth: Service) -> list[tuple[int, int]]:
    rows = await fetch(
        auth,
        "SELECT (data->>'user_id')::int, (data->>'referrer_id')::int FROM events WHERE type = 'ReferralCompleted' "
        "ORDER BY position",
    )
    return [tuple(row) for row in rows]


async def invited(auth: Service, code: str, emails: Sequence[str], **fields: Any) -> list[int]:
    found = []
    for email in emails:
        found.append((await join(auth, email, referral_code=code, **fields)).user.id)
        await verify_last(auth)
    return found


async def test_an_invitation_is_complete_when_the_invited_one_has_verified_and_once(auth: Service) -> None:
    ana = (await join(auth)).user.id
    code = await code_of(auth, ana)
    ben = (await join(auth, "ben@example.com", referral_code=f" {code.lower()} ")).user.id
    assert await completed(auth) == []
    await verify_last(auth)
    await ask_to_sign_in(auth, "ben@example.com")
    await sign_in_by_mail(auth, token=(await last_letter(auth, "sign_in")).token)
    assert await completed(auth) == [(ben, ana)]


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ("ana@example.com", "ana+2@example.com"),
        ("a.n.a@gmail.com", "An.a+x@GoogleMail.com"),
        ("ana@example.com", "ben@mailinator.com"),
        ("ana@example.com", "ben@sub.mailinator.com"),
        ("ana@mailinator.com", "ben@example.com"),
    ],
)
async def test_nothing_is_paid_for_oneself_or_for_throw_away_addresses(auth: Service, own: str, others: str) -> None:
    code = await code_of(auth, (await join(auth, own)).user.id)
    await invited(auth, code, [others])
    assert await completed(auth) == []
    assert len(await events(auth, "EmailVerified")) == 1


async def test_nothing_is_paid_for_a_device_that_has_signed_up_before(auth: Service) -> None:
    code = await code_of(auth, (await join(auth, device=device("phone-1"))).user.id)
    await invited(auth, code, ["ben@example.com"], device=device("phone-1"))
    eva, _ = await invited(auth, code, ["eva@example.com", "eva2@example.com"], device=device("phone-2"))
    assert [user_id for user_id, _ in await completed(auth)] == [eva]


async def test_a_household_is_paid_for_three(running: Running) -> None:
    async with running() as auth:
        code = await code_of(auth, (await join(auth)).user.id)
        emails = [f"user{n}@example.com" for n in range(5)]
        ids = await invited(auth, code, emails, ip="203.0.113.7")
        assert [user_id for user_id, _ in await completed(auth)] == ids[:3]
        [other] = await invited(auth, code, ["far@example.com"], ip="203.0.113.8")
        assert [user_id for user_id, _ in await completed(auth)] == [*ids[:3], other]
        contents = str([dict(row) for row in await fetch(auth, "SELECT * FROM origins")])
        assert "203.0.113" not in contents
