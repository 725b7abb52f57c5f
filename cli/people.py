"""Commands of an operator about people: signing keys, and the first admin. Auth is asked; its secrets stay there."""

from typing import Any

from rich.table import Table

from cli.operate import console, run_against_stack
from contracts.envelope import Request
from contracts.errors import ServiceError
from contracts.rpc.auth import AdminUser, CreateAdmin, ListSigningKeys, RotateSigningKeys, SigningKeys
from kernel.caller import Caller, connect_once
from kernel.settings import Settings, load

NOBODY = "USER_NOT_FOUND"


async def _ask(request: Request[Any]) -> Any:
    client = await connect_once(load(Settings).nats_url)
    try:
        return await Caller(lambda: client).ask(request)
    finally:
        await client.close()


def _asked(request: Request[Any]) -> Any:
    try:
        return run_against_stack(_ask(request))
    except ServiceError as error:
        console.print(f"[red]{error.code}:[/] {error.message}")
        if error.code == NOBODY:
            console.print("Sign up with that address first (POST /api/auth/signup), then run this again.")
        raise SystemExit(1) from None


def list_keys() -> None:
    found: SigningKeys = _asked(ListSigningKeys())
    shown = Table("key", "state", "made", "retired")
    for key in found.keys:
        shown.add_row(key.kid, key.state, key.created_at or "with the setting", key.retired_at or "")
    console.print(shown)


def rotate_keys() -> None:
    _asked(RotateSigningKeys())
    console.print("There is a new key. It is published now and signs in a few seconds.")
    list_keys()


def create_admin(email: str) -> None:
    user: AdminUser = _asked(CreateAdmin(email=email))
    console.print(f"Account {user.id} is an admin now. Its next access token says so.")
