"""The whole stack as a user gets it, in a directory of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import control
from deploy.local.environment import environment
from deploy.local.ports import throwaway_port
from deploy.local.processes import PROCESSES
from deploy.local.state import STATE_DIR_VARIABLE, StackStatus, StateDir
from deploy.local.supervisor import TABLE

READY_WITHIN_S = 180


@dataclass(frozen=True)
class Stack:
    """`extra`: settings that its processes were given beside those that every stack has."""

    state: StateDir
    extra: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """What `magicpic` commands and clients need to find this stack."""
        return {**environment(self.state.path), **self.extra}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.variables['MAGICPIC_GATEWAY_PORT']}"

    def status(self) -> StackStatus:
        found = self.state.read()
        assert found is not None
        return found

    def magicpic(self, *arguments: str, expect: int = 0) -> str:
        """Run a `magicpic` command against this stack and return what it printed."""
        command = [str(Path(sys.executable).parent / "magicpic"), *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.variables}, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout


@contextmanager
def running_stack(directory: Path, extra: Mapping[str, str] | None = None, *, table: str = TABLE) -> Iterator[Stack]:
    """Start everything and wait until it is ready; stop everything afterwards. `extra` settings go to all processes.

    Its ports are chosen at random: two stacks that start at the same time would both find the default ones free.
    """
    state, chosen = StateDir(directory), dict(extra or {})
    if not state.ports.exists():
        state.ports.parent.mkdir(parents=True, exist_ok=True)
        ports: dict[str, int] = {}
        for process in PROCESSES:
            ports[process.name] = throwaway_port(ports.values())
        state.ports.write_text(json.dumps(ports))
    try:
        with _environment({STATE_DIR_VARIABLE: str(directory), **chosen}):
            control.start(state, table=table)
        for _ in control.watch(state, READY_WITHIN_S):
            pass
        yield Stack(state, chosen)
    finally:
        control.stop(state)


@contextmanager
def _environment(chosen: Mapping[str, str]) -> Iterator[None]:
    """For the processes that are started within. Other tests in this process must not find it."""
    before = {name: os.environ.get(name) for name in chosen}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
