"""`magicpic events export`, from real streams into files."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from typer.testing import CliRunner

from cli.exporting import NotOurs, Output, Span, export
from cli.main import app
from contracts.subjects import event_subject

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SPAN = Span(NOW - 2 * DAY)


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    connection = await nats.connect(nats_url)
    yield connection
    await connection.close()


async def say(client: Client, position: int, at: datetime = NOW, event_type: str = "battle.vote_cast") -> None:
    """As a relay does."""
    told = {
        "id": str(uuid4()),
        "type": event_type,
        "version": 1,
        "time": at.isoformat(),
        "stream": "battle-1",
        "stream_version": position,
        "position": position,
        "correlation_id": "c",
        "causation_id": "c",
        "data": {"battle_id": 1, "user_id": position},
    }
    await client.jetstream().publish_async(event_subject(event_type), json.dumps(told).encode())


async def told(client: Client, *positions: int, at: datetime = NOW) -> None:
    for position in positions:
        await say(client, position, at)
    await client.jetstream().publish_async_completed()


async def exported(client: Client, directory: Path, span: Span = SPAN) -> Output:
    return await export(client, "battle", span, directory, lambda *_: None)


def positions_in(path: Path) -> list[int]:
    return [json.loads(line)["position"] for line in path.read_bytes().splitlines()]


async def test_each_event_is_there_once_and_the_same_question_gives_the_same_file(
    client: Client, tmp_path: Path
) -> None:
    await told(client, *range(1, 1203))
    await told(client, *range(1100, 1203), 1204, 1203, 1205)  # the broker had failed, and the relay began again
    first = await exported(client, tmp_path / "a")
    assert positions_in(first.path) == [*range(1, 1203), 1204, 1203, 1205]
    assert first.events == 1205
    before = first.path.read_bytes()
    assert (await exported(client, tmp_path / "a")).path.read_bytes() == before
    again = await exported(client, tmp_path / "b")
    assert again.path.read_bytes() == before
    again.path.write_bytes(before[:-40])  # interrupted in the middle of a line
    assert (await exported(client, tmp_path / "b")).path.read_bytes() == before
    again.path.write_bytes(before[: before.index(b"\n", 2000) + 1])
    assert (await exported(client, tmp_path / "b")).path.read_bytes() == before
    await told(client, 1206)
    more = await exported(client, tmp_path / "a")
    assert more.path.read_bytes()[: len(before)] == before
    assert positions_in(more.path)[-1] == 1206


async def test_events_are_chosen_by_their_own_time(client: Client, tmp_path: Path) -> None:
    for days, position in ((4, 1), (2, 2), (1, 3), (0, 4)):
        await told(client, position, at=NOW - days * DAY)
    assert positions_in((await exported(client, tmp_path)).path) == [2, 3, 4]
    past = await exported(client, tmp_path, Span(NOW - 2 * DAY, NOW))
    assert positions_in(past.path) == [2, 3]
    assert positions_in((await exported(client, tmp_path, Span(NOW + DAY))).path) == []


async def test_a_file_of_somebody_elses_is_left_alone(client: Client, tmp_path: Path) -> None:
    path = tmp_path / f"battle.{SPAN.label}.ndjson"
    path.write_text('{"mine": true}\n')
    with pytest.raises(NotOurs):
        await exported(client, tmp_path)
    assert path.read_text() == '{"mine": true}\n'


async def test_as_typed(client: Client, nats_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_NATS_URL", nats_url)
    monkeypatch.setenv("COLUMNS", "200")
    await told(client, 1, 2, 3)
    since = f"{NOW - DAY:%Y-%m-%d}"

    async def magicpic(*arguments: str, code: int = 0) -> str:
        found = await asyncio.to_thread(
            CliRunner().invoke, app, ["events", "export", "--out", str(tmp_path), *arguments]
        )
        assert found.exit_code == code, found.output
        return " ".join(found.output.split())

    shown = await magicpic("--since", since)
    assert f"battle.{since}.ndjson" in shown
    assert "docs/analytics.md" in shown
    assert sorted(path.name.split(".")[0] for path in tmp_path.iterdir()) == [
        "auth",
        "battle",
        "catalog",
        "creation",
        "ledger",
        "notify",
    ]
    assert positions_in(tmp_path / f"battle.{since}.ndjson") == [1, 2, 3]
    assert "must be after" in await magicpic("--since", since, "--until", since, code=2)
    assert "none of auth" in await magicpic("--since", since, "--service", "battles", code=2)
    parquet = ("--since", since, "--service", "battle", "--format", "parquet")
    if find_spec("pyarrow"):
        import pyarrow.parquet as pq  # noqa: PLC0415

        await magicpic(*parquet)
        table = pq.read_table(tmp_path / f"battle.{since}.parquet")
        assert table["position"].to_pylist() == [1, 2, 3]
        assert json.loads(table["data"][0].as_py()) == {"battle_id": 1, "user_id": 1}
        assert table["time"][0].as_py() == NOW
    else:
        assert "uv sync --extra parquet" in await magicpic(*parquet, code=1)
