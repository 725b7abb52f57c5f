"""`magicpic events export`: what has happened, as files for analysis."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from nats.js.errors import NotFoundError
from rich.progress import Progress
from rich.table import Table

from cli.exporting import NotOurs, Output, Span, Tell, export
from cli.operate import console, run_against_stack
from kernel.caller import connect_once
from kernel.settings import Settings, load

EXTRA = "uv sync --extra parquet"


def run(span: Span, services: tuple[str, ...], directory: Path, *, parquet: bool) -> None:
    convert = _converter() if parquet else None
    try:
        outputs = run_against_stack(_export(span, services, directory))
    except NotOurs as error:
        console.print(f"[red]{error} was not written by this command.[/] Move it away, or choose another --out.")
        raise SystemExit(1) from None
    except (NotFoundError, TimeoutError) as error:
        console.print(f"[red]The events could not be read to the end:[/] {error or 'the broker did not answer'}")
        console.print("Is the stack up? `make status` tells. Run this again: it goes on where it was.")
        raise SystemExit(1) from None
    shown = Table("events", "file", "kB")
    for output in outputs:
        for path in [output.path, *([convert(output.path)] if convert else [])]:
            shown.add_row(f"{output.events:,}", str(path), f"{path.stat().st_size / 1000:,.0f}")
    console.print(shown)
    console.print("The same command again adds what has happened since. What stands in the files: docs/analytics.md.")


async def _export(span: Span, services: tuple[str, ...], directory: Path) -> list[Output]:
    client = await connect_once(load(Settings).nats_url)
    try:
        with Progress(console=console, transient=True) as progress:
            return [
                await export(client, service, span, directory, _shown_by(progress, service)) for service in services
            ]
    finally:
        await client.close()


def _shown_by(progress: Progress, service: str) -> Tell:
    task = progress.add_task(service, total=None)
    return lambda read, total: progress.update(task, completed=read, total=total)


def _converter() -> Callable[[Path], Path]:
    try:
        from cli.parquet import to_parquet
    except ImportError:
        console.print(f"[red]Parquet needs pyarrow, which is not installed.[/] `{EXTRA}` installs it (some 50 MB).")
        console.print("Or leave out --format: DuckDB, pandas, Spark and BigQuery read JSON lines as they are.")
        raise SystemExit(1) from None
    return to_parquet


def span_of(since: datetime, until: datetime | None) -> Span:
    """A time without a zone is UTC's. Errors: ValueError for one that has no length."""
    span = Span(_with_zone(since), _with_zone(until) if until else None)
    if span.until and span.until <= span.since:
        raise ValueError("must be after --since")
    return span


def _with_zone(edge: datetime) -> datetime:
    return edge if edge.tzinfo else edge.replace(tzinfo=UTC)
