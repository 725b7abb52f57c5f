"""Commands of an operator: audit, rebuild, dead letters."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

import asyncpg
import nats.errors
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.databases import OperatorSettings
from kernel.caller import connect_once
from kernel.clock import utc_now
from kernel.db import LOST
from kernel.dead_letters import DeadLetters
from kernel.projection import rebuild as rebuild_tables
from kernel.settings import Settings, load

COMPARED = timedelta(days=90)
"""How far back payments are compared with their providers' records: each costs a question."""
console = Console(highlight=False)
T = TypeVar("T")


def run_against_stack(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except (*LOST, asyncpg.InvalidCatalogNameError, nats.errors.Error) as error:
        console.print(f"[red]The stack cannot be reached:[/] {error}")
        console.print("Is it up? `make status` tells, `make up` starts it.")
        raise SystemExit(1) from None


def audit() -> None:
    async def run() -> int:
        faults = [*await _audit_ledger(), *await _audit_battles()]
        for fault in faults:
            console.print(f"[red]fault:[/] {fault}")
        return 1 if faults else 0

    raise SystemExit(run_against_stack(run()))


async def _audit_ledger() -> list[str]:
    from services.ledger.app import CODEC
    from services.ledger.audit import audit as audit_ledger
    from services.ledger.payments.assembly import providers_of
    from services.ledger.payments.audit import check_providers
    from services.ledger.payments.settings import PaymentSettings

    connection = await asyncpg.connect(load(OperatorSettings).owner_url("ledger"))
    with Progress(console=console, transient=True) as progress:
        total = await connection.fetchval("SELECT count(*) FROM events")
        task = progress.add_task("auditing", total=total)
        report = await audit_ledger(
            connection, CODEC, utc_now(), lambda events: progress.update(task, completed=events)
        )
    providers = providers_of(load(PaymentSettings))
    compared = await check_providers(connection, providers, utc_now() - COMPARED, report)
    for provider in providers:
        provider.close()
    await connection.close()
    if providers:
        console.print(f"{compared} payments were compared with their providers' records.")
    for note in report.notes:
        console.print(f"note: {note}")
    console.print(
        f"{report.events} events of {report.wallets} wallets: {report.balance} credits to spend, "
        f"{report.pending} held, {len(report.faults)} faults. The journal's head: {report.head}"
    )
    return report.faults


async def _audit_battles() -> list[str]:
    from services.battle.app import CODEC
    from services.battle.audit import audit as audit_battles

    connection = await asyncpg.connect(load(OperatorSettings).owner_url("battle"))
    report = await audit_battles(connection, CODEC)
    await connection.close()
    console.print(
        f"{report.events} events of {report.battles} battles: {report.votes} votes, {len(report.faults)} faults."
    )
    return report.faults


def rebuild(service: str, *, swap: bool) -> None:
    async def run() -> None:
        projections = import_module(f"services.{service}.projections")
        codec = import_module(f"services.{service}.app").CODEC
        tables = import_module(f"services.{service}.tables").metadata
        owner = await asyncpg.connect(load(OperatorSettings).owner_url(service))
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("replaying", total=await owner.fetchval("SELECT max(position) FROM events") or 0)
            found = await rebuild_tables(
                owner,
                codec,
                tables,
                projections.project,
                swap=swap,
                tell=lambda position: progress.update(task, completed=position),
            )
        await owner.close()
        shown = Table("table", "rows", "only live", "only rebuilt")
        for difference in found:
            shown.add_row(
                difference.table, str(difference.rows), str(difference.only_live), str(difference.only_rebuilt)
            )
        console.print(shown)
        same = not any(difference.only_live or difference.only_rebuilt for difference in found)
        if same:
            console.print("The live tables were right.")
        else:
            console.print("The rebuilt tables are live now." if swap else "They differ; nothing was changed.")

    run_against_stack(run())


async def _dead_letters() -> DeadLetters:
    return DeadLetters(await connect_once(load(Settings).nats_url))


def list_dead() -> None:
    async def run() -> None:
        letters = await (await _dead_letters()).all()
        if not letters:
            console.print("No dead letters.")
            return
        shown = Table("number", "event", "consumer", "tries", "reason")
        for letter in letters:
            shown.add_row(str(letter.sequence), letter.event_type, letter.consumer, str(letter.tries), letter.reason)
        console.print(shown)
        console.print("When the cause is gone: `magicpic dead replay [NUMBER]`.")

    run_against_stack(run())


def replay_dead(number: int | None) -> None:
    async def run() -> int:
        dead = await _dead_letters()
        chosen = [letter for letter in await dead.all() if number in (None, letter.sequence)]
        if not chosen:
            console.print("No such dead letter." if number else "No dead letters.")
        failed = 0
        for letter in chosen:
            error = await dead.replay(letter)
            failed += error is not None
            console.print(f"{letter.sequence} {letter.event_type} → {letter.consumer}: {error or 'done'}")
        return 1 if failed else 0

    raise SystemExit(run_against_stack(run()))
