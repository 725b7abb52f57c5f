"""`magicpic up`, `down`, `status`, `logs` and `reset`, as typed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from cli.stack import app
from deploy.local import procfs
from deploy.local.child import SUPERVISED_VARIABLE
from deploy.local.state import REPOSITORY, StateDir
from tests.integration.deploy.conftest import Until

SMALL = "tests.integration.deploy.dummies:SMALL"


def magicpic(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    """What it prints, on one line, so that the width of a terminal does not matter."""
    result = CliRunner().invoke(app, arguments, input=typed)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_a_day_in_the_life_of_a_stack(state: StateDir) -> None:
    assert "Nothing is running" in magicpic("status", code=1)
    first = magicpic("up", "--table", SMALL)
    assert "MagicPic is up" in first
    assert "/docs" in first
    assert str(state.logs) in first
    assert "MagicPic is already up" in magicpic("up", "--table", SMALL)
    assert "gateway ready" in magicpic("status")
    assert [entry["name"] for entry in json.loads(magicpic("status", "--json"))["processes"]] == [
        "init",
        "auth",
        "gateway",
    ]
    assert "auth listening" in magicpic("logs", "auth")
    assert "gateway listening" in magicpic("logs")
    assert "Stopped" in magicpic("down")
    assert "Nothing was running" in magicpic("down")


@pytest.mark.usefixtures("state")
def test_logs_of_an_unknown_process_name_the_known_ones() -> None:
    magicpic("up", "--table", SMALL)
    assert "there are: auth, gateway, init" in magicpic("logs", "gatway", code=1)


def test_a_stack_that_cannot_come_up_says_why_and_ends_with_1(state: StateDir) -> None:
    assert "the moon is wrong" in magicpic("up", "--table", "tests.integration.deploy.dummies:INIT_FAILS", code=1)
    assert not state.is_held()


def test_reset_asks_first(state: StateDir) -> None:
    magicpic("up", "--table", SMALL)
    magicpic("reset", typed="n\n", code=1)
    assert state.is_held()
    assert "Deleted" in magicpic("reset", "--yes")
    assert not state.is_held()
    assert not state.secrets.exists()


@pytest.fixture
def foreground(state: StateDir) -> Iterator[subprocess.Popen[bytes]]:
    """`magicpic up --foreground` in a process of its own, once everything is ready."""
    arguments = ["-c", "from cli.stack import app; app()", "up", "--foreground", "--table", SMALL]
    # A shell's background job has SIGINT ignored, and passes that on.
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (no thread runs here)
    )
    assert process.stdout is not None
    while b"Ctrl-C stops everything" not in process.stdout.readline():
        assert process.poll() is None
    assert state.is_held()
    with process:
        yield process
        process.kill()


def test_in_the_foreground_ctrl_c_stops_everything(state: StateDir, foreground: subprocess.Popen[bytes]) -> None:
    foreground.send_signal(signal.SIGINT)
    foreground.wait(60)
    assert not state.is_held()
    assert not procfs.processes_with(SUPERVISED_VARIABLE, str(state.path))


def test_in_the_foreground_a_killed_command_stops_everything_too(
    state: StateDir, until: Until, foreground: subprocess.Popen[bytes]
) -> None:
    foreground.kill()
    until(lambda: not state.is_held())
    assert not procfs.processes_with(SUPERVISED_VARIABLE, str(state.path))
