"""Balance and history, now and then."""

import asyncio
from datetime import datetime, timedelta

from contracts.rpc.ledger import Balance, GetBalance, GetHistory, History, SpendOwnCredits, Spent
from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.domain import WALLET, Command, GrantCredits, HoldCredits, ReleaseHold, SettleHold, TakeBack
from tests.given import refused
from tests.integration.ledger.filling import audited


async def ask_balance(ledger: Service, at: datetime | None = None, user_id: int = 7) -> Balance:
    found: Balance = await ledger.bus.caller.ask(GetBalance(user_id=user_id, at=at))
    return found


async def test_the_balance_of_every_past_moment_is_what_it_was_then(ledger: Service) -> None:
    later, moments = utc_now() + timedelta(minutes=15), [(utc_now(), await ask_balance(ledger))]
    for n in range(4):
        commands: list[Command] = [
            GrantCredits(7, 300, "purchase", "x", "purchase", bought=True, reference=f"o{n}"),
            HoldCredits(7, 3 * n, 50, later, 9, "x"),
            HoldCredits(7, 3 * n + 1, 50, later, 9, "x"),
            SettleHold(7, 3 * n, 50, "x"),
            ReleaseHold(7, 3 * n + 1, "failed"),
            TakeBack(7, 400, "refund", f"o{n}", "x"),
        ]
        for command in commands:
            await ledger.commands.execute(WALLET, 7, command)
            moments.append((utc_now(), await ask_balance(ledger)))
    assert len({found.balance for _, found in moments}) > 10
    for at, expected in moments:
        assert await ask_balance(ledger, at) == expected
    assert await ask_balance(ledger, later) == moments[-1][1]
    assert await ask_balance(ledger, later, user_id=404) == moments[0][1]


async def test_a_cursor_skips_and_repeats_nothing_while_entries_are_added(ledger: Service) -> None:
    async def grant(n: int) -> None:
        await ledger.commands.execute(WALLET, 7, GrantCredits(7, 10, "ad_watch", f"ad {n}", "ad"))

    for n in range(25):
        await grant(n)
        await ledger.commands.execute(WALLET, 7, SettleHold(7, n, 1, "x"))
    for kind, expected in (("earned", 25), ("all", 50)):
        seen: list[int] = []
        cursor = None
        while True:
            found: History = await ledger.bus.caller.ask(
                GetHistory.model_validate({"user_id": 7, "type": kind, "limit": 7, "cursor": cursor})
            )
            seen += [entry.id for entry in found.items]
            if kind == "all":
                await grant(99)
            cursor = found.next_cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == expected
        assert seen == sorted(seen, reverse=True)


async def test_spending_ones_own_credits_happens_once_per_key_and_never_overdraws(ledger: Service) -> None:
    await ledger.commands.execute(WALLET, 7, GrantCredits(7, 100, "signup_bonus", "x", "signup_bonus"))
    request = SpendOwnCredits(user_id=7, credits=30, description="A video", idempotency_key="k")
    first, again = [await ledger.bus.caller.ask(request) for _ in range(2)]
    assert first == Spent(credits=30, balance=70)
    assert again == Spent(credits=30, balance=70, replayed=True)
    with refused("IDEMPOTENCY_CONFLICT"):
        await ledger.bus.caller.ask(request.model_copy(update={"credits": 31}))
    with refused("INSUFFICIENT_CREDITS"):
        await ledger.bus.caller.ask(request.model_copy(update={"credits": 71, "idempotency_key": "l"}))
    with refused("VALIDATION_ERROR"):
        await ledger.bus.caller.ask(request.model_copy(update={"credits": -1, "idempotency_key": "m"}))


async def test_a_hundred_requests_at_once_spend_what_there_is_and_no_more(ledger: Service) -> None:
    await ledger.commands.execute(WALLET, 7, GrantCredits(7, 500, "signup_bonus", "x", "signup_bonus"))
    requests = [
        SpendOwnCredits(user_id=7, credits=30, description="x", idempotency_key=str(n % 60)) for n in range(100)
    ]
    answers = await asyncio.gather(*map(ledger.bus.caller.ask, requests), return_exceptions=True)
    spent = {
        request.idempotency_key for request, found in zip(requests, answers, strict=True) if isinstance(found, Spent)
    }
    assert len(spent) == 16
    assert (await ask_balance(ledger)).balance == 20
    assert (await audited(ledger)).faults == []
