"""Nothing of a person is anywhere but in the two tables from which it can be erased."""

import jwt
import nats
import pytest

from contracts.errors import ServiceError
from contracts.rpc.auth import SignUp
from kernel.service import Service
from tests.integration.auth.conftest import PASSWORD, fetch, log_in, refresh, sign_up
from tests.waiting import until

EMAIL, NAME, IP = "Zoraida.Quispe@example.com", "Zoraida Quispe", "203.0.113.77"
PERSONAL = ("zoraida", "quispe", PASSWORD.lower(), "argon2", IP)
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"


async def live(auth: Service) -> list[str]:
    """A life with everything that can happen to an account; returns the tokens of it."""
    tokens = [(await sign_up(auth, EMAIL, name=NAME)).refresh_token]
    for _ in range(3):
        tokens.append((await refresh(auth, tokens[-1])).refresh_token)
    await log_in(auth, EMAIL, ip=IP)
    for _ in range(7):
        with pytest.raises(ServiceError):
            await log_in(auth, EMAIL, "WrongPass123", ip=IP)
    return tokens


async def test_no_table_but_that_of_people_and_that_of_their_names_holds_anything_of_a_person_or_any_token(
    auth: Service,
) -> None:
    tokens = await live(auth)
    secrets = [secret for token in tokens for secret in (token, unverified(token)["jti"])]
    contents = {table: await content(auth, table) for [table] in await fetch(auth, TABLES)}
    assert NAME in contents.pop("people")
    assert "quispe" in contents.pop("name_keys")
    assert {"events", "streams", "command_keys", "guesses"} <= contents.keys()
    for table, text in contents.items():
        assert not [word for word in (*PERSONAL, *secrets) if word.lower() in text.lower()], table


def unverified(token: str) -> dict[str, str]:
    claims: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def content(auth: Service, table: str) -> str:
    rows = await fetch(auth, f'SELECT t::text FROM "{table}" t')  # noqa: S608  (a name that the database gave)
    return "\n".join(row[0] for row in rows)


async def test_no_log_line_holds_anything_of_a_person(auth: Service, caplog: pytest.LogCaptureFixture) -> None:
    await live(auth)
    for email, password in ((EMAIL.upper(), PASSWORD), (EMAIL, "weak"), ("zoraida", PASSWORD)):
        with pytest.raises(ServiceError):
            await auth.bus.caller.ask(SignUp(email=email, password=password, name=NAME))
    assert not [word for word in PERSONAL if word in caplog.text.lower()]


async def test_no_event_on_the_stream_holds_anything_of_a_person(auth: Service, nats_url: str) -> None:
    await live(auth)
    client = await nats.connect(nats_url)
    jetstream = client.jetstream()

    async def told() -> int:
        return (await jetstream.stream_info("AUTH")).state.messages

    count = await until(told, lambda messages: messages == 3)
    for sequence in range(1, count + 1):
        message = await jetstream.get_msg("AUTH", sequence)
        text = f"{message.subject} {message.headers} {(message.data or b'').decode()}".lower()
        assert not [word for word in PERSONAL if word in text]
    await client.close()
