"""A picture is made and paid while its owner looks on over a socket."""

import asyncio

from tests.e2e.conftest import Person, SignUp
from tests.e2e.test_main_job import make
from tests.integration.gateway.live import phone
from tests.stack import Stack


def token_of(person: Person) -> str:
    return person.client.headers["Authorization"].removeprefix("Bearer ")


async def test_the_owner_sees_it_being_made_and_paid_and_nobody_else_does_until_the_session_ends(
    stack: Stack, jane: Person, sign_up: SignUp
) -> None:
    john = await sign_up()
    async with phone(stack.url, token_of(jane)) as mine, phone(stack.url, token_of(john)) as other:
        made = await make(jane)
        await mine.until_heard("creation:progress", {"creation_id": made, "status": "completed", "progress": 100}, 10)
        await mine.until_heard("credits:updated", {"balance": 2450}, 10)
        assert {step["creation_id"] for step in mine.named("creation:progress")} == {made}
        assert other.named("creation:progress") == []
        assert {told["balance"] for told in other.named("credits:updated")} <= {2500}
        assert (await jane.client.post("/api/auth/logout")).status_code == 200
        await mine.until(lambda heard: any(name == "session:expired" for name, _ in heard))
        await asyncio.wait_for(mine.ended.wait(), 3)
        assert not other.ended.is_set()
