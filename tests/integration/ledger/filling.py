"""A ledger in which something of everything has happened."""

from datetime import datetime, timedelta

from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.app import CODEC
from services.ledger.audit import Report, audit
from services.ledger.domain import (
    WALLET,
    Command,
    GrantCredits,
    HoldCredits,
    ReleaseHold,
    SettleHold,
    SpendCredits,
    TakeBack,
)

USERS = 5
EVENTS = USERS * 10


async def audited(ledger: Service, now: datetime | None = None) -> Report:
    async with ledger.database.write() as connection:
        return await audit(connection, CODEC, now or utc_now())


async def fill(ledger: Service) -> None:
    """Ten events in each of five wallets, the first five positions in the first: 280 credits left and 100 held."""
    later, month = utc_now() + timedelta(minutes=15), utc_now() + timedelta(days=30)
    for user in range(1, USERS + 1):
        commands: list[Command] = [
            GrantCredits(user, 300, "signup_bonus", "x", "signup_bonus"),
            *[HoldCredits(user, user * 10 + n, 50, later, 10, "x") for n in range(4)],
            SettleHold(user, user * 10, 50, "x"),
            ReleaseHold(user, user * 10 + 1, "failed"),
            GrantCredits(user, 200, "purchase", "x", "purchase", bought=True, expires_at=month, reference=f"o{user}"),
            SpendCredits(user, 20, "consume", "x"),
            TakeBack(user, 50, "refund", f"o{user}", "x"),
        ]
        for number, command in enumerate(commands):
            await ledger.commands.execute(WALLET, user, command, key=f"{user}:{number}")
