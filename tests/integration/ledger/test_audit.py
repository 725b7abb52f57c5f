"""The audit finds whatever is not as it was written, and says where."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from kernel.clock import utc_now
from kernel.service import Service
from services.ledger.domain import WALLET, GrantCredits, SpendCredits, TakeBack
from tests.integration.ledger.filling import EVENTS, USERS, audited, fill

OwnerOf = Callable[[str], Awaitable[asyncpg.Connection]]
PAST_THE_TRIGGERS = "SET session_replication_role = replica"


async def test_it_is_clean_on_an_honest_ledger(ledger: Service) -> None:
    await fill(ledger)
    report = await audited(ledger)
    assert (report.faults, report.wallets, report.events) == ([], USERS, EVENTS)
    assert (report.balance, report.pending) == (USERS * 280, USERS * 100)
    assert report.head.startswith(f"{EVENTS}:")


async def test_it_is_clean_on_an_empty_one(ledger: Service) -> None:
    report = await audited(ledger)
    assert (report.faults, report.events, report.head) == ([], 0, "0:")


async def test_it_says_when_a_hold_or_lot_should_have_ended(ledger: Service) -> None:
    await fill(ledger)
    report = await audited(ledger, utc_now() + timedelta(minutes=21))
    assert len(report.faults) == 10
    assert "should have ended" in report.faults[0]
    report = await audited(ledger, utc_now() + timedelta(days=31))
    assert sum("lot 2 should have expired" in fault for fault in report.faults) == USERS


async def test_a_debt_is_noted_and_is_no_fault(ledger: Service) -> None:
    for number, command in enumerate(
        [
            GrantCredits(1, 100, "purchase", "x", "purchase", bought=True, reference="o1"),
            SpendCredits(1, 70, "consume", "x"),
            TakeBack(1, 100, "dispute", "o1", "x"),
        ]
    ):
        await ledger.commands.execute(WALLET, 1, command, key=str(number))
    report = await audited(ledger)
    assert (report.faults, report.notes, report.balance) == ([], ["wallet-1: 70 credits are owed"], -70)


TAMPERING = {
    "a balance is raised": (
        "UPDATE streams SET state = jsonb_set(state::jsonb, '{balance}', '9999')::json WHERE stream_id = 'wallet-3'",
        "wallet-3: the stored state is not the fold",
    ),
    "a lot is raised": (
        "UPDATE streams SET state = jsonb_set(state::jsonb, '{lots,2,held}', '9')::json WHERE stream_id = 'wallet-3'",
        "wallet-3: the stored state is not the fold",
    ),
    "a state is nonsense": (
        """UPDATE streams SET state = '"x"' WHERE stream_id = 'wallet-3'""",
        "wallet-3: the stored state is not the fold",
    ),
    "a wallet's state is lost": ("DELETE FROM streams WHERE stream_id = 'wallet-2'", "wallet-2: the stored state"),
    "a state is invented": ("INSERT INTO streams VALUES ('wallet-99', 1, '{}')", "6 states exist for 5 streams"),
    "a transfer is raised": ("UPDATE transfers SET credits = 500 WHERE position = 3", "the transfer of event 3 is"),
    "a transfer's lots are changed": (
        "UPDATE transfers SET lots = '[[2,50]]' WHERE position = 3",
        "the transfer of event 3 is",
    ),
    "a transfer is lost": ("DELETE FROM transfers WHERE position = 3", "wallet-1: the transfer of event 3 is None"),
    "a transfer is invented": (
        (
            "CREATE TEMP TABLE one AS SELECT * FROM transfers WHERE position = 1; UPDATE one SET position = 999; "
            "INSERT INTO transfers SELECT * FROM one"
        ),
        "51 transfers exist for 50 events",
    ),
    "an event's credits are changed": (
        "UPDATE events SET data = jsonb_set(data::jsonb, '{credits}', '1')::json WHERE position = 1",
        "wallet-1: earned - spent is not balance + pending",
    ),
    "an event's lots are changed": (
        "UPDATE events SET data = jsonb_set(data::jsonb, '{lots}', '[[1,20]]')::json WHERE position = 2",
        "wallet-1: the lots of a hold are not its credits",
    ),
    "an event's lots do not exist": (
        "UPDATE events SET data = jsonb_set(data::jsonb, '{lots}', '[[9,50]]')::json WHERE position = 2",
        "wallet-1: event 2 makes no sense here",
    ),
    "an event's words are changed": (
        "UPDATE events SET data = jsonb_set(data::jsonb, '{description}', '\"y\"')::json WHERE position = 1",
        "journal: events 1 to 1 are not what was sealed",
    ),
    "an event's time is changed": (
        "UPDATE events SET recorded_at = recorded_at - interval '1 microsecond' WHERE position = 7",
        "journal: events 7 to 7 are not what was sealed",
    ),
    "an event's trace is changed": (
        "UPDATE events SET correlation_id = 'x' WHERE position = 7",
        "journal: events 7 to 7 are not what was sealed",
    ),
    "an event's type is changed": (
        "UPDATE events SET type = 'Nonsense' WHERE position = 4",
        "wallet-1: event 4 makes no sense here",
    ),
    "an event is lost": ("DELETE FROM events WHERE position = 2", "wallet-1: event 3 follows 1"),
    "the newest event is lost": ("DELETE FROM events WHERE position = 50", "journal: events 50 to 50 are not"),
    "an event is invented": (
        (
            "CREATE TEMP TABLE one AS SELECT * FROM events WHERE position = 1; "
            "UPDATE one SET position = 51, stream_id = 'wallet-77'; INSERT INTO events SELECT * FROM one"
        ),
        "journal: event 51 is in no link",
    ),
    "a stream of no kind is invented": (
        "UPDATE events SET stream_id = 'purse-1' WHERE stream_id = 'wallet-1'",
        "purse-1: no such stream can be",
    ),
    "two events change places": (
        (
            "UPDATE events SET position = -1 WHERE position = 6; UPDATE events SET position = 6 WHERE position = 7; "
            "UPDATE events SET position = 7 WHERE position = -1"
        ),
        "journal: events 6 to 6 are not what was sealed",
    ),
    "a link is lost": ("DELETE FROM seals WHERE last_position = 9", "journal: event 9 is in no link"),
    "a link is changed": (
        "UPDATE seals SET hash = sha256('x') WHERE last_position = 9",
        "journal: events 9 to 9 are not what was sealed",
    ),
    "the tail is cut off with all that follows from it": (
        (
            "DELETE FROM events WHERE stream_id = 'wallet-5'; DELETE FROM transfers WHERE user_id = 5; "
            "DELETE FROM streams WHERE stream_id = 'wallet-5'; DELETE FROM seals WHERE last_position > 40; "
            "INSERT INTO relay_cursor VALUES ('events', 50, 50) ON CONFLICT (name) DO UPDATE SET position = 50"
        ),
        "journal: it ends at event 40, but 50 events were told to others",
    ),
}


@pytest.mark.parametrize("case", TAMPERING)
async def test_it_finds_what_a_superuser_tampered_with(ledger: Service, owner_of: OwnerOf, case: str) -> None:
    statement, found = TAMPERING[case]
    await fill(ledger)
    owner = await owner_of(ledger.database.url)
    await owner.execute(PAST_THE_TRIGGERS)
    await owner.execute(statement)
    report = await audited(ledger)
    assert any(found in fault for fault in report.faults), report.faults


async def test_a_consistent_forgery_of_the_newest_events_changes_the_head(ledger: Service, owner_of: OwnerOf) -> None:
    """Who can rewrite everything can rewrite the chain as well, but not what was written down elsewhere."""
    await fill(ledger)
    honest = (await audited(ledger)).head
    owner = await owner_of(ledger.database.url)
    await owner.execute(PAST_THE_TRIGGERS)
    await owner.execute(
        "UPDATE events SET correlation_id = 'x' WHERE position = 50; DELETE FROM seals WHERE last_position = 50"
    )
    await owner.execute("SET session_replication_role = origin")
    await owner.execute("CREATE TEMP TABLE one AS SELECT * FROM events WHERE position = 50")
    await owner.execute("SET session_replication_role = replica; DELETE FROM events WHERE position = 50")
    await owner.execute("SET session_replication_role = origin; INSERT INTO events SELECT * FROM one")
    report = await audited(ledger)
    assert report.faults == []
    assert report.head != honest
