"""Roles, suspensions, and the record of them."""

import asyncio
from datetime import datetime
from typing import Any, Literal

import jwt
import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import (
    AdminAction,
    ArriveAsGuest,
    ChangeRole,
    CreateAdmin,
    Device,
    GetStanding,
    ListAdminActions,
    ListUsers,
    RequireRole,
    RestoreUser,
    Revocations,
    SignedIn,
    Standing,
    SuspendUser,
)
from kernel.service import Service
from tests.given import refused
from tests.integration.auth.conftest import Running, log_in, refresh, sign_up

PHONE = Device(device_id="phone", device_name="", platform="ios")


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


async def admin(auth: Service, email: str = "root@example.com") -> int:
    """An account that an operator has made an admin."""
    user_id = (await sign_up(auth, email)).user.id
    await auth.bus.caller.ask(CreateAdmin(email=email))
    return user_id


async def role(auth: Service, by: int, user_id: int, role: str) -> None:
    await auth.bus.caller.ask(ChangeRole(by=by, user_id=user_id, role=role, reason="because"))


async def suspend(auth: Service, by: int, user_id: int) -> None:
    await auth.bus.caller.ask(SuspendUser(by=by, user_id=user_id, reason="spam"))


async def actions(auth: Service, by: int) -> list[AdminAction]:
    found: list[AdminAction] = (await auth.bus.caller.ask(ListAdminActions(by=by))).items
    return found


async def test_the_first_admin_is_made_of_an_account_that_exists(auth: Service) -> None:
    with refused("USER_NOT_FOUND"):
        await auth.bus.caller.ask(CreateAdmin(email="root@example.com"))
    user_id = await admin(auth)
    assert (await auth.bus.caller.ask(CreateAdmin(email="ROOT@example.com"))).role == "admin"
    [action] = await actions(auth, user_id)
    assert (action.action, action.by, action.user_id, action.role) == ("role_changed", 0, user_id, "admin")


async def test_a_change_of_role_voids_older_access_tokens_and_the_next_one_says_it(auth: Service) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    before = claims(ana.access_token)
    assert before["role"] == "user"
    await role(auth, root, ana.user.id, "moderator")
    page = await auth.bus.caller.ask(Revocations())
    cut = page.users[ana.user.id]
    after = claims((await refresh(auth, ana.refresh_token)).access_token)
    assert after["role"] == "moderator"
    assert before["iat_ms"] <= ms(cut) < after["iat_ms"]
    assert (await log_in(auth)).user.role == "moderator"


def ms(iso: str) -> int:
    return round(datetime.fromisoformat(iso).timestamp() * 1000)


async def test_no_token_that_is_still_good_says_the_old_role_however_the_moments_fall(auth: Service) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    for wanted in ("moderator", "user") * 5:
        refreshing = [asyncio.create_task(refresh(auth, ana.refresh_token)) for _ in range(5)]
        await role(auth, root, ana.user.id, wanted)
        refreshing += [asyncio.create_task(refresh(auth, ana.refresh_token)) for _ in range(3)]
        tokens = [claims((await task).access_token) for task in refreshing]
        cut = ms((await auth.bus.caller.ask(Revocations())).users[ana.user.id])
        good = [token for token in tokens if token["iat_ms"] > cut]
        assert {token["role"] for token in good} == {wanted}
        assert len(good) >= 3, "what was asked for afterwards is good"


async def test_who_is_no_admin_by_auths_own_word_can_do_nothing(auth: Service) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    for by in (ana.user.id, 0, 999):
        for request in (
            ListUsers(by=by),
            ListAdminActions(by=by),
            ChangeRole(by=by, user_id=ana.user.id, role="admin", reason="please"),
            SuspendUser(by=by, user_id=root, reason="hm"),
            RestoreUser(by=by, user_id=root, reason="hm"),
        ):
            with refused("PERMISSION_DENIED"):
                await auth.bus.caller.ask(request)
    await role(auth, root, ana.user.id, "moderator")
    with refused("PERMISSION_DENIED"):
        await role(auth, ana.user.id, ana.user.id, "admin")


async def test_a_suspended_account_is_out_and_comes_back(auth: Service) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    await suspend(auth, root, ana.user.id)
    with refused("INVALID_TOKEN"):
        await refresh(auth, ana.refresh_token)
    standing = GetStanding(user_id=ana.user.id)
    assert await auth.bus.caller.ask(standing) == Standing(role="user", suspended=True)
    with pytest.raises(ServiceError) as caught:
        await log_in(auth)
    assert (caught.value.code, caught.value.message) == ("PERMISSION_DENIED", "This account is suspended.")
    with refused("INVALID_CREDENTIALS"):
        await log_in(auth, password="WrongPass123")
    page = await auth.bus.caller.ask(Revocations())
    assert ana.user.id in page.users
    assert claims(ana.access_token)["sid"] in page.sessions
    await auth.bus.caller.ask(RestoreUser(by=root, user_id=ana.user.id, reason="sorry"))
    assert await auth.bus.caller.ask(standing) == Standing(role="user", suspended=False)
    with refused("USER_NOT_FOUND"):
        await auth.bus.caller.ask(GetStanding(user_id=404))
    await refresh(auth, (await log_in(auth)).refresh_token)
    assert [(item.action, item.reason) for item in await actions(auth, root)] == [
        ("restored", "sorry"),
        ("suspended", "spam"),
        ("role_changed", "by an operator"),
    ]


async def test_who_has_a_role_is_what_auth_says_at_this_moment(auth: Service) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    guest: SignedIn = await auth.bus.caller.ask(ArriveAsGuest(device=PHONE, ip="203.0.113.9"))

    async def refusal(user_id: int, least: Literal["moderator", "admin"], words: str | None = None) -> str | None:
        try:
            await auth.bus.caller.ask(RequireRole(user_id=user_id, role=least, refusal=words))
        except ServiceError as error:
            return error.message if error.code == "PERMISSION_DENIED" else error.code
        return None

    assert (await refusal(root, "moderator"), await refusal(root, "admin")) == (None, None)
    for user_id in (ana.user.id, guest.user.id, 404, 0, -1):
        assert await refusal(user_id, "moderator") == "Only moderators may do this."
        assert await refusal(user_id, "admin", "Not you.") == "Not you."
    await role(auth, root, ana.user.id, "moderator")
    assert await refusal(ana.user.id, "moderator") is None
    assert await refusal(ana.user.id, "admin") == "Only administrators may do this."
    await suspend(auth, root, ana.user.id)
    assert await refusal(ana.user.id, "moderator") == "Only moderators may do this."


async def test_a_suspended_admin_is_none(auth: Service) -> None:
    first, second = await admin(auth), await admin(auth, "two@example.com")
    await suspend(auth, first, second)
    with refused("PERMISSION_DENIED"):
        await suspend(auth, second, first)
    with refused("PERMISSION_DENIED"):  # and the one who is left is the last
        await suspend(auth, first, first)


async def test_two_admins_who_demote_one_another_at_once_leave_one(running: Running) -> None:
    async with running() as auth, running():
        for _ in range(5):
            first, second = await admin(auth, f"a{_}@example.com"), await admin(auth, f"b{_}@example.com")
            others = [
                user.id
                for user in (await auth.bus.caller.ask(ListUsers(by=first))).items
                if user.role == "admin" and user.id not in (first, second)
            ]
            for other in others:
                await role(auth, first, other, "user")
            await asyncio.gather(
                role(auth, first, first, "user"), role(auth, second, second, "user"), return_exceptions=True
            )
            left = [user for user in (first, second) if await is_admin(auth, user)]
            assert len(left) == 1


async def is_admin(auth: Service, user_id: int) -> bool:
    try:
        await actions(auth, user_id)
    except ServiceError:
        return False
    return True


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_nothing_is_done_without_a_reason(auth: Service, reason: str) -> None:
    root, ana = await admin(auth), await sign_up(auth)
    with refused("VALIDATION_ERROR"):
        await auth.bus.caller.ask(SuspendUser(by=root, user_id=ana.user.id, reason=reason))


async def test_accounts_are_found_by_id_and_parts_of_address_and_name(auth: Service) -> None:
    root = await admin(auth)
    ana = (await sign_up(auth, "ana_b@example.com", name="Ana 100% Ñandú")).user.id
    await sign_up(auth, "anaxb@example.com", name="Other")

    async def found(search: str, **more: int) -> list[int]:
        page = await auth.bus.caller.ask(ListUsers(by=root, search=search, **more))
        assert page.total >= len(page.items)
        return [user.id for user in page.items]

    assert await found(str(ana)) == [ana]
    assert await found("ANA_B@") == [ana]
    assert await found("100%") == [ana]
    assert await found("ñandú") == [ana]
    assert await found("\\") == await found("nobody at all") == []
    assert await found("9" * 400) == []
    assert len(await found("")) == 3
    assert await found("", page=2, limit=2) == [root]
    with refused("USER_NOT_FOUND"):
        await role(auth, root, 999_999, "admin")
