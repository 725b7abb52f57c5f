"""One supervised process, with small programs of the system in place of real ones."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.local.child import Child, TaskFailedError, delay_s, ended_by_asking, failures_in_a_row
from deploy.local.processes import Process
from deploy.local.program import Role
from deploy.local.server import ServerStartError
from deploy.local.state import ProcessState

MakeChild = Callable[..., Child]


class Observed(Child):
    """A child whose changes of state can be awaited."""

    moved: asyncio.Event

    async def reaches(self, state: ProcessState, *, restarts: int = 0) -> None:
        async with asyncio.timeout(15):
            while self.status.state != state or self.status.restarts < restarts:
                self.moved.clear()
                await self.moved.wait()


class Broken(Role):
    """A program whose preparation fails."""

    def prepare(self) -> None:
        raise ServerStartError("initdb failed\nfor a long reason")


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Callable[..., Observed]]:
    """`run("shell text")` → a child that runs it."""
    children: list[Child] = []

    def start(source: str, *, once: bool = False, kind: type[Role] = Role) -> Observed:
        program = kind(("/bin/sh", "-c", source), {"PATH": os.environ["PATH"]})
        process = Process("shell", lambda _: program, stage=0, once=once)
        moved = asyncio.Event()
        child = Observed(
            process, program, log=tmp_path / "log", marker="test", port=None, changed=moved.set, stop_timeout_s=0.3
        )
        child.moved = moved
        children.append(child)
        return child

    yield start
    for child in children:
        await child.stop()


def test_patience_grows_from_half_a_second_to_half_a_minute() -> None:
    assert [delay_s(failures) for failures in (1, 2, 3, 4, 6, 7, 8, 1000)] == [0.5, 1, 2, 4, 16, 30, 30, 30]


def test_a_minute_of_life_makes_up_for_earlier_ends() -> None:
    assert failures_in_a_row(5, lived_s=59.9) == 6
    assert failures_in_a_row(5, lived_s=60.0) == 1


async def test_work_to_be_done_once_ends_well(run: Callable[..., Observed]) -> None:
    child = run("exit 0", once=True)
    await child.start([])
    assert child.ready.is_set()
    assert (child.status.state, child.status.last_exit, child.status.pid) == ("done", 0, None)


async def test_it_waits_for_what_it_needs(run: Callable[..., Observed]) -> None:
    child, needed = run("exit 0", once=True), asyncio.Event()
    task = child.start([needed])
    await asyncio.sleep(0)
    assert child.status.pid is None
    assert child.status.started_at is None
    needed.set()
    await task
    assert child.status.state == "done"


async def test_a_process_that_ends_is_started_again_and_its_end_is_remembered(run: Callable[..., Observed]) -> None:
    child = run("exit 7")
    child.start([])
    await child.reaches("restarting", restarts=2)
    assert (child.status.last_exit, child.status.pid) == (7, None)


async def test_a_process_that_is_killed_shows_by_what(run: Callable[..., Observed]) -> None:
    child = run("kill -9 $$")
    child.start([])
    await child.reaches("restarting", restarts=1)
    assert child.status.last_exit == -signal.SIGKILL


async def test_a_preparation_that_fails_is_an_end_like_another(run: Callable[..., Observed], tmp_path: Path) -> None:
    child = run("exit 0", kind=Broken)
    child.start([])
    await child.reaches("restarting", restarts=1)
    assert child.status.detail == "initdb failed\nfor a long reason"
    assert "for a long reason" in (tmp_path / "log").read_text()


async def test_work_to_be_done_once_is_given_up_after_three_attempts(
    run: Callable[..., Observed], tmp_path: Path
) -> None:
    child = run("echo tried; exit 3", once=True)
    with pytest.raises(TaskFailedError, match="failed 3 times, last with status 3"):
        await child.start([])
    assert (tmp_path / "log").read_text() == "tried\n" * 3
    await child.stop()
    assert child.status.state == "failed"


async def test_a_process_that_ignores_sigterm_is_killed(run: Callable[..., Observed], tmp_path: Path) -> None:
    child = run(f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.05; done")
    child.start([])
    async with asyncio.timeout(15):
        while not (tmp_path / "deaf").exists():
            await asyncio.sleep(0.01)
    await child.stop()
    assert (child.status.state, child.status.last_exit) == ("stopped", -signal.SIGKILL)


async def test_stopping_while_it_waits_to_start_again_starts_nothing(
    run: Callable[..., Observed], tmp_path: Path
) -> None:
    child = run("echo started; exit 1")
    child.start([])
    await child.reaches("restarting", restarts=1)
    await child.stop()
    assert child.status.state == "stopped"
    assert (tmp_path / "log").read_text() == "started\n"


async def test_the_end_of_a_child_is_noticed_without_pidfds_too() -> None:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})
    await ended_by_asking(pid)
    assert os.waitpid(pid, os.WNOHANG)[0] == pid
