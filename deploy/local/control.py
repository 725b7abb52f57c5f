"""Starting and stopping a stack from outside: the mechanics of `magicpic up`, `down` and `reset`."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from deploy.local import procfs
from deploy.local.environment import environment_of_the_user
from deploy.local.logs import last_lines
from deploy.local.spawning import launched
from deploy.local.state import REPOSITORY, StackStatus, StateDir
from deploy.local.supervisor import ALREADY_RUNNING, TABLE, end_leftovers

POLL_S = 0.05
DOWN_TIMEOUT_S = 75.0
"""Four stages of 15 s each, and some more."""

OURS = ("postgres", "nats", "s3", "mail", "logs")
OUR_FILES = ("secrets.json", "ports.json", "state.json", "tasks.json", "supervisor.lock")


class StackError(Exception):
    """The stack could not be started or stopped; the message says what to look at or change."""


def start(state: StateDir, *, table: str = TABLE) -> bool:
    """Start a detached supervisor; says False when one was there already. Does not wait for health."""
    state.create()
    command, variables = [*_supervisor(state, table), "--detach"], environment_of_the_user(state.path)
    done = subprocess.run(command, cwd=REPOSITORY, env=variables, stdin=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, ALREADY_RUNNING):
        raise StackError(f"the supervisor could not start (status {done.returncode}): its words are above")
    return done.returncode == 0


def start_attached(state: StateDir, *, table: str = TABLE) -> subprocess.Popen[bytes] | None:
    """Start a supervisor that dies with us, gracefully; None when one was there already."""
    state.create()
    command = launched(_supervisor(state, table), death_signal=signal.SIGTERM)
    variables = environment_of_the_user(state.path)
    process = subprocess.Popen(command, cwd=REPOSITORY, env=variables, stdin=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and state.holder() != process.pid:
        time.sleep(POLL_S)
    return None if process.poll() == ALREADY_RUNNING else process


def watch(state: StateDir, timeout_s: float) -> Iterator[StackStatus]:
    """What the supervisor says, again and again, until the stack is ready; raises `StackError` when it will not be."""
    deadline = time.monotonic() + timeout_s
    while True:
        alive = state.is_held()
        status = state.read()
        if status is not None:
            yield status
            if status.phase == "ready" and alive:
                return
        if not alive:
            raise StackError(_why_not(state, status))
        if time.monotonic() > deadline:
            raise StackError(_what_lags(state, status, timeout_s))
        time.sleep(POLL_S)


def stop(state: StateDir, timeout_s: float = DOWN_TIMEOUT_S) -> bool:
    """Stop everything and wait for it; says False when nothing ran. Also ends what a killed supervisor left behind."""
    if not state.is_held():
        return bool(end_leftovers(state))
    asked = False
    deadline = time.monotonic() + timeout_s
    while state.is_held():
        supervisor = state.holder()
        late = time.monotonic() > deadline
        if supervisor and (late or not asked):
            procfs.send_signal(supervisor, signal.SIGKILL if late else signal.SIGTERM)
            asked = True
        time.sleep(POLL_S)
    end_leftovers(state)
    return True


def erase(state: StateDir) -> None:
    """Stop the stack and delete its data, secrets, ports and logs: only what is ours, whatever else lies there."""
    stop(state)
    for name in OURS:
        shutil.rmtree(state.path / name, ignore_errors=True)
    for name in OUR_FILES:
        (state.path / name).unlink(missing_ok=True)
    if state.path.exists() and not any(state.path.iterdir()):
        state.path.rmdir()


def _supervisor(state: StateDir, table: str) -> list[str]:
    return [sys.executable, "-m", "deploy.local.supervisor", str(state.path), "--table", table]


def _why_not(state: StateDir, status: StackStatus | None) -> str:
    if status is None or status.phase != "failed":
        return f"the supervisor ended unexpectedly:\n{_tail(state, 'supervisor')}"
    culprit = next((process.name for process in status.processes if process.state == "failed"), "supervisor")
    return f"{status.failure}. Its last words, from {state.log(culprit)}:\n{_tail(state, culprit)}"


def _what_lags(state: StateDir, status: StackStatus | None, timeout_s: float) -> str:
    lagging = status.lagging if status else []
    told = "\n".join(f"  {process.name}: {process.state}, see {state.log(process.name)}" for process in lagging)
    return f"not everything is ready after {timeout_s:.0f} s (it goes on trying; `make down` stops it):\n{told}"


def _tail(state: StateDir, name: str) -> str:
    return "\n".join(f"  {line}" for line in last_lines(state.log(name), 15))
