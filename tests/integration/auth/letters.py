"""Reading the mail that auth would have had sent, and walking through what it is for."""

from typing import Any

from contracts.rpc import auth as rpc
from kernel.service import Service
from tests.integration.auth.conftest import events

NEW_PASSWORD = "NewSecret-77"


async def ask(auth: Service, request: Any) -> Any:
    return await auth.bus.caller.ask(request)


async def letter_of(auth: Service, code_id: str) -> rpc.Letter | None:
    found: rpc.MaybeLetter = await ask(auth, rpc.GetLetter(code_id=code_id))
    return found.letter


async def code_ids(auth: Service, purpose: str) -> list[str]:
    """In the order in which they were issued."""
    return [
        row["stream_id"].removeprefix("code-") for row in await events(auth, "CodeIssued") if purpose in row["data"]
    ]


async def last_letter(auth: Service, purpose: str) -> rpc.Letter:
    letter = await letter_of(auth, (await code_ids(auth, purpose))[-1])
    assert letter is not None
    assert letter.purpose == purpose
    return letter


def another(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def forgot(auth: Service, email: str = "ana@example.com", *, ip: str = "") -> None:
    await ask(auth, rpc.ForgotPassword(email=email, ip=ip))


async def reset(auth: Service, code: str, *, email: str = "ana@example.com", password: str = NEW_PASSWORD) -> None:
    await ask(auth, rpc.ResetPassword(email=email, code=code, new_password=password))


async def ask_to_sign_in(auth: Service, email: str = "ana@example.com", *, ip: str = "") -> None:
    await ask(auth, rpc.AskToSignIn(email=email, ip=ip))


async def sign_in_by_mail(auth: Service, **fields: Any) -> rpc.Entered:
    found: rpc.Entered = await ask(auth, rpc.SignInByMail(**fields))
    return found
