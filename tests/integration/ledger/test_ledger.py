"""Ledger on real PostgreSQL and NATS: from the others' events to balance, history and audit."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from contracts.events.auth import GuestArrived, ReferralCompleted, UserSignedUp
from contracts.events.battle import BattleEnded
from contracts.events.creation import CreationCancelled, CreationFailed, CreationGenerated, CreationRequested
from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import Balance, ExportHistory, GetBalance, GetHistory, History
from kernel.clock import iso, utc_now
from kernel.projection import Difference, rebuild
from kernel.service import Service
from services.ledger import tables
from services.ledger.app import CODEC
from services.ledger.domain import WALLET, GrantCredits, HoldCredits, SettleHold
from services.ledger.projections import project
from services.ledger.queries import Queries as LedgerQueries
from tests.integration.ledger.conftest import Voice
from tests.integration.ledger.filling import EVENTS, audited, fill
from tests.waiting import until

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]


async def balance_of(ledger: Service, user_id: int) -> Balance:
    found: Balance = await ledger.bus.caller.ask(GetBalance(user_id=user_id))
    return found


async def becomes(ledger: Service, user_id: int, balance: int, pending: int) -> None:
    await until(lambda: balance_of(ledger, user_id), lambda found: (found.balance, found.pending) == (balance, pending))


def requested(creation_id: int, *, user_id: int = 7, minutes: float = 15) -> CreationRequested:
    return CreationRequested(
        creation_id=creation_id,
        user_id=user_id,
        style_id=1,
        style_name="Ghibli Art",
        credits=50,
        hold_until=iso(datetime.now(UTC) + timedelta(minutes=minutes)),
        max_open_jobs=4,
    )


def generated(creation_id: int, *, user_id: int = 7) -> CreationGenerated:
    return CreationGenerated(
        creation_id=creation_id, user_id=user_id, style_id=1, style_name="Ghibli Art", credits=50, is_public=True
    )


async def test_both_sides_of_an_invitation_are_paid_once_however_often_it_is_told(
    ledger: Service, voice: Voice
) -> None:
    told = await voice.say(ReferralCompleted(user_id=7, referrer_id=8))
    await becomes(ledger, 7, 250, 0)
    await becomes(ledger, 8, 250, 0)
    await voice.say(ReferralCompleted(user_id=7, referrer_id=8), again=told)
    await voice.say(ReferralCompleted(user_id=7, referrer_id=8))
    await voice.say(ReferralCompleted(user_id=9, referrer_id=8))
    await becomes(ledger, 8, 500, 0)
    await becomes(ledger, 7, 250, 0)
    history: History = await ledger.bus.caller.ask(GetHistory(user_id=8, type="all", page=1, limit=20))
    assert history.total == 2


async def test_a_guest_gets_what_the_event_says_once(ledger: Service, voice: Voice) -> None:
    await voice.say(GuestArrived(user_id=7, credits=150))
    await becomes(ledger, 7, 150, 0)
    await voice.say(GuestArrived(user_id=7, credits=150))
    await voice.say(GuestArrived(user_id=8, credits=0))
    await voice.say(GuestArrived(user_id=9, credits=50))
    await becomes(ledger, 9, 50, 0)
    await becomes(ledger, 7, 150, 0)
    await becomes(ledger, 8, 0, 0)


async def test_a_won_battle_is_paid_once_and_a_tie_is_not(ledger: Service, voice: Voice) -> None:
    won = BattleEnded(battle_id=45, winner_user_id=7, loser_user_id=8, prize=100)
    told = await voice.say(won)
    await voice.say(won, again=told)
    await becomes(ledger, 7, 100, 0)
    await voice.say(won.model_copy(update={"prize": 150}))  # told anew, when the setting is another
    await voice.say(BattleEnded(battle_id=46, winner_user_id=None, loser_user_id=None))
    await voice.say(BattleEnded(battle_id=47, winner_user_id=8, loser_user_id=7, prize=0))
    await voice.say(BattleEnded(battle_id=48, winner_user_id=9, loser_user_id=7, prize=60))
    await becomes(ledger, 9, 60, 0)
    await becomes(ledger, 7, 100, 0)
    await becomes(ledger, 8, 0, 0)
    history: History = await ledger.bus.caller.ask(GetHistory(user_id=7))
    assert [(entry.amount, entry.type) for entry in history.items] == [(100, "battle_win")]


async def test_a_new_user_gets_the_bonus_once_however_often_the_event_comes(ledger: Service, voice: Voice) -> None:
    first = await voice.say(UserSignedUp(user_id=7))
    await voice.say(UserSignedUp(user_id=7), again=first)
    await voice.say(UserSignedUp(user_id=7))
    await becomes(ledger, 7, 2500, 0)
    history: History = await ledger.bus.caller.ask(GetHistory(user_id=7))
    assert [(entry.amount, entry.type, entry.balance_after) for entry in history.items] == [
        (2500, "signup_bonus", 2500)
    ]


async def test_a_picture_is_held_then_settled_and_stands_in_the_history(ledger: Service, voice: Voice) -> None:
    await voice.say(UserSignedUp(user_id=7))
    await becomes(ledger, 7, 2500, 0)
    asked = await voice.say(requested(1))
    await becomes(ledger, 7, 2450, 50)
    done = await voice.say(generated(1))
    await becomes(ledger, 7, 2450, 0)
    await voice.say(requested(1), again=asked)
    await voice.say(generated(1), again=done)
    await voice.say(requested(2))
    await becomes(ledger, 7, 2400, 50)
    history: History = await ledger.bus.caller.ask(GetHistory(user_id=7))
    assert [(entry.amount, entry.description, entry.balance_after) for entry in history.items] == [
        (-50, "Created Ghibli Art image", 2450),
        (2500, "Welcome to MagicPic", 2500),
    ]
    assert (await audited(ledger)).faults == []


async def test_a_picture_that_failed_or_was_cancelled_costs_nothing(ledger: Service, voice: Voice) -> None:
    await voice.say(UserSignedUp(user_id=7))
    await becomes(ledger, 7, 2500, 0)
    await voice.say(requested(1))
    await voice.say(requested(2))
    await becomes(ledger, 7, 2400, 100)
    await voice.say(CreationFailed(creation_id=1, user_id=7, code="AI_SERVICE_ERROR"))
    await voice.say(CreationCancelled(creation_id=2, user_id=7))
    await becomes(ledger, 7, 2500, 0)


async def test_a_cancellation_that_overtakes_its_request_leaves_nothing_held(ledger: Service, voice: Voice) -> None:
    await voice.say(UserSignedUp(user_id=7))
    await becomes(ledger, 7, 2500, 0)
    await voice.say(CreationCancelled(creation_id=1, user_id=7))
    await voice.say(requested(1))
    await voice.say(requested(2))
    await becomes(ledger, 7, 2450, 50)
    assert list((await LedgerQueries(ledger.database).wallet(7)).holds) == [2]
    assert (await audited(ledger)).faults == []


async def test_a_hold_that_nobody_ends_expires_by_itself(ledger: Service, voice: Voice) -> None:
    await voice.say(UserSignedUp(user_id=7))
    await becomes(ledger, 7, 2500, 0)
    await voice.say(requested(1, minutes=1 / 60))
    await becomes(ledger, 7, 2450, 50)
    await becomes(ledger, 7, 2500, 0)


async def test_two_phones_that_spend_at_once_cannot_overdraw(ledger: Service) -> None:
    await ledger.commands.execute(WALLET, 7, GrantCredits(7, 500, "signup_bonus", "x"), key="s")
    later = utc_now() + timedelta(minutes=15)

    async def hold(n: int) -> None:
        await ledger.commands.execute(WALLET, 7, HoldCredits(7, n, 50, later, 1000, "x"), key=f"hold:{n}")

    await asyncio.gather(*[hold(n) for n in range(100)])
    assert await balance_of(ledger, 7) == Balance(balance=0, pending=500, lifetime_earned=500, lifetime_spent=0)
    assert (await audited(ledger)).faults == []


async def test_history_pages_and_filters(ledger: Service) -> None:
    for n in range(25):
        await ledger.commands.execute(WALLET, 7, GrantCredits(7, 100, "ad_watch", f"ad {n}"), key=f"g{n}")
        await ledger.commands.execute(WALLET, 7, SettleHold(7, n, 10, f"picture {n}"), key=f"s{n}")

    async def page(number: int, kind: str = "all") -> History:
        found: History = await ledger.bus.caller.ask(
            GetHistory.model_validate({"user_id": 7, "page": number, "limit": 20, "type": kind})
        )
        return found

    pages = [await page(number) for number in (1, 2, 3, 4)]
    assert [len(found.items) for found in pages] == [20, 20, 10, 0]
    assert {found.total for found in pages} == {50}
    ids = [entry.id for found in pages for entry in found.items]
    assert ids == sorted(ids, reverse=True)
    earned, spent = await page(1, "earned"), await page(2, "spent")
    assert (earned.total, [entry.description for entry in earned.items[:2]]) == (25, ["ad 24", "ad 23"])
    assert (spent.total, [entry.amount for entry in spent.items]) == (25, [-10] * 5)


async def test_a_user_without_a_wallet_has_zeros(ledger: Service) -> None:
    assert await balance_of(ledger, 404) == Balance(balance=0, pending=0, lifetime_earned=0, lifetime_spent=0)
    history: History = await ledger.bus.caller.ask(GetHistory(user_id=404))
    assert (history.items, history.total) == ([], 0)


@pytest.mark.parametrize("table", ["events", "transfers", "command_keys", "seals"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_journal_cannot_be_changed_even_by_its_owner(
    ledger: Service, owner_of: OwnerOf, table: str, change: str
) -> None:
    await fill(ledger)
    owner = await owner_of(ledger.database.url)
    column = "hash" if table == "seals" else "recorded_at"
    change = change.format(table, column, column)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await owner.execute(change)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with ledger.database.write() as connection:
            await connection.execute(change)


async def rebuilt_transfers(owner: asyncpg.Connection) -> Difference:
    found = {difference.table: difference for difference in await rebuild(owner, CODEC, tables.metadata, project)}
    return found["transfers"]


async def test_a_rebuild_finds_the_live_tables_right(ledger: Service, owner_of: OwnerOf) -> None:
    await fill(ledger)
    owner = await owner_of(ledger.database.url)
    difference = await rebuilt_transfers(owner)
    assert (difference.rows, difference.only_live, difference.only_rebuilt) == (EVENTS, 0, 0)


async def test_a_rebuild_mends_a_damaged_table_and_keeps_its_rights_and_triggers(
    ledger: Service, owner_of: OwnerOf
) -> None:
    await fill(ledger)
    owner = await owner_of(ledger.database.url)
    await owner.execute("SET session_replication_role = replica; UPDATE transfers SET credits = 1 WHERE position = 1")
    await owner.execute("SET session_replication_role = origin")
    difference = await rebuilt_transfers(owner)
    assert (difference.only_live, difference.only_rebuilt) == (1, 1)
    assert (await audited(ledger)).faults == []
    await ledger.commands.execute(WALLET, 1, GrantCredits(1, 5, "signup_bonus", "x"), key="after")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await owner.execute("DELETE FROM transfers")


async def test_no_other_service_can_enter_the_database(
    ledger: Service, make_database: Callable[..., Awaitable[str]]
) -> None:
    own = await make_database("notify")
    there = ledger.database.url.rpartition("/")[2]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(own.rpartition("/")[0] + "/" + there)


async def test_an_export_has_the_whole_history_oldest_first_by_pages(
    ledger: Service, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ledger.queries.EXPORT_PAGE", 2)
    await voice.say(UserSignedUp(user_id=7))
    await voice.say(UserSignedUp(user_id=8))
    await becomes(ledger, 7, 2500, 0)
    for creation_id in (1, 2, 3):
        await voice.say(
            CreationGenerated(
                creation_id=creation_id, user_id=7, style_id=1, style_name="x", credits=50, is_public=True
            )
        )

    async def exported() -> list[list[int]]:
        pages: list[list[int]] = []
        after: int | None = 0
        while after is not None:
            page: ExportPage = await ledger.bus.caller.ask(ExportHistory(user_id=7, after=after))
            pages.append([record["amount"] for record in page.records])
            after = page.next
        return pages

    assert await until(exported, lambda pages: sum(map(len, pages)) == 4) == [
        [2500, -50],
        [-50, -50],
        [],
        [],  # and no billing details
    ]
