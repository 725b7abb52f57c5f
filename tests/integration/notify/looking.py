"""Looking at what came of mails."""

import asyncio
from collections.abc import Mapping
from email.message import EmailMessage

from kernel.service import Service
from tests.fakes.smtp import FakeRelay
from tests.waiting import until

Mails = dict[str, tuple[str, int | None]]


async def mails(notify: Service) -> Mails:
    """Status and the relay's code, by the event's id in hex."""
    async with notify.database.write() as connection:
        rows = await connection.fetch("SELECT mail_id, status, reply FROM mails")
    return {mail_id: (status, reply) for mail_id, status, reply in rows}


async def settled(notify: Service, expected: Mapping[str, str], timeout_s: float = 20) -> None:
    """Wait until the mails are exactly these, with these statuses."""

    async def statuses() -> dict[str, str]:
        return {mail_id: status for mail_id, (status, _) in (await mails(notify)).items()}

    await until(statuses, lambda found: found == dict(expected), timeout_s)


async def arrived(relay: FakeRelay, count: int, timeout_s: float = 20) -> list[EmailMessage]:
    """Wait until the relay has taken so many."""

    async def taken() -> int:
        return len(relay.messages)

    await until(taken, lambda found: found == count, timeout_s)
    return relay.messages


async def stays(relay: FakeRelay, count: int, for_s: float) -> None:
    """Nothing more comes for so long."""
    await asyncio.sleep(for_s)
    assert len(relay.messages) == count
