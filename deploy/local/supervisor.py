"""The one process that runs the stack: servers, then what prepares them, then our roles, each in its own session.

`python -m deploy.local.supervisor STATE_DIR [--detach] [--table MODULE:NAME]` ends with 0 when it was told to stop (or,
detached, once it has begun), with 1 when the stack could not come up, and with 3 when another supervisor already has
this state directory. Its standard library diet keeps it at some 25 MB.
"""

import argparse
import asyncio
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from deploy.local import credentials, ports, procfs
from deploy.local.child import SUPERVISED_VARIABLE, Child, TaskFailedError
from deploy.local.environment import environment
from deploy.local.files import write_atomically
from deploy.local.fingerprint import TasksDone, fingerprint
from deploy.local.logs import rotate
from deploy.local.nursery import Nursery
from deploy.local.processes import Context, Process
from deploy.local.state import REPOSITORY, StackStatus, StateDir

ALREADY_RUNNING = 3
TABLE = "deploy.local.processes:PROCESSES"


class Supervisor:
    """Brings a table of processes up, keeps it up, and takes it down in reverse order."""

    def __init__(self, state: StateDir, table: Sequence[Process], preload: Sequence[str] = ()) -> None:
        self._state = state
        self._preload = preload
        self._nursery = Nursery()
        self._status = StackStatus(supervisor_pid=os.getpid(), started_at=time.time())
        self._tasks = TasksDone(state.tasks_done, fingerprint(REPOSITORY))
        context = self._context(table)
        self._children = {process.name: self._child(process, context) for process in table}
        self._status.processes = [child.status for child in self._children.values()]

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT, or until a one-shot task fails for good. Returns the exit status."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await self._open_nursery()
        watched = {asyncio.create_task(stop.wait()), asyncio.create_task(self._when_ready())}
        runs = {child.start(self._needs(child)) for child in self._children.values()}
        failure = await self._first_failure(stop, watched | runs)
        for task in watched:
            task.cancel()
        await self._stop_all(failure)
        return 1 if failure else 0

    async def _open_nursery(self) -> None:
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", SUPERVISED_VARIABLE: str(self._state.path)}
        try:
            await self._nursery.open(self._preload, log=self._state.log("supervisor"), variables=variables)
        except OSError as error:
            print(f"no nursery, so the start takes longer: {error}", flush=True)

    async def _first_failure(self, stop: asyncio.Event, pending: set[asyncio.Task[Any]]) -> str:
        """Wait until there is a reason to stop; returns what failed, or nothing when we were told to."""
        while not stop.is_set():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (error := task.exception()) is None:
                    continue
                if not isinstance(error, TaskFailedError):
                    raise error
                if task.get_name() not in self._tasks:
                    return str(error)
                self._tell(f"{error}. It had succeeded before; see {self._state.log(task.get_name())}")
        return ""

    async def _when_ready(self) -> None:
        awaited = [child for name, child in self._children.items() if name not in self._tasks]
        for child in awaited:
            await child.ready.wait()
        await self._nursery.close()
        self._tasks.add(child.process.name for child in awaited if child.process.once)
        self._status.phase = "ready"
        self._publish()

    async def _stop_all(self, failure: str) -> None:
        self._status.phase = "stopping"
        self._publish()
        await self._nursery.close()
        for stage in sorted({child.process.stage for child in self._children.values()}, reverse=True):
            await asyncio.gather(*(child.stop() for child in self._children.values() if child.process.stage == stage))
        end_leftovers(self._state)
        self._status.phase = "failed" if failure else "stopped"
        self._status.failure = failure
        self._publish()

    def _tell(self, notice: str) -> None:
        self._status.notices.append(notice)
        self._publish()

    def _needs(self, child: Child) -> list[asyncio.Event]:
        """What to wait for. Work already done waits for all else; what needs it waits for what that work needs."""
        if child.process.name in self._tasks:
            return [other.ready for name, other in self._children.items() if name not in self._tasks]
        names: list[str] = []
        for name in child.process.needs:
            names += self._children[name].process.needs if name in self._tasks else [name]
        return [self._children[name].ready for name in names]

    def _child(self, process: Process, context: Context) -> Child:
        rotate(self._state.log(process.name))
        return Child(
            process,
            process.program(context),
            log=self._state.log(process.name),
            marker=str(self._state.path),
            port=context.ports.get(process.name),
            changed=self._publish,
            nursery=self._nursery,
        )

    def _context(self, table: Sequence[Process]) -> Context:
        secrets = credentials.load_or_create(self._state.secrets)
        chosen, self._status.notices = ports.choose(self._preferred_ports(table))
        write_atomically(self._state.ports, json.dumps(chosen, indent=2) + "\n")
        return Context(self._state.path, secrets, chosen, environment(self._state.path))

    def _preferred_ports(self, table: Sequence[Process]) -> dict[str, int]:
        """The user's word, else what it was last time, else the default."""
        remembered = _read_json(self._state.ports)
        preferred = {}
        for process in table:
            if process.port is not None:
                asked_for = os.environ.get(process.port_variable or "", "")
                preferred[process.name] = int(asked_for or remembered.get(process.name, process.port))
        return preferred

    def _publish(self) -> None:
        self._state.write(self._status)


def _read_json(path: Path) -> Mapping[str, Any]:
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return known


def end_leftovers(state: StateDir) -> list[int]:
    """Kill what a supervisor that was itself killed left behind; returns their process ids."""
    leftovers = procfs.processes_with(SUPERVISED_VARIABLE, str(state.path))
    procfs.end(leftovers, signal.SIGKILL, timeout_s=5)
    return leftovers


def main() -> int:
    parser = argparse.ArgumentParser(prog="deploy.local.supervisor")
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--table", default=TABLE)
    arguments = parser.parse_args()
    module, _, name = arguments.table.partition(":")
    tables = importlib.import_module(module)
    supervise = partial(_supervise, table=getattr(tables, name), preload=getattr(tables, "PRELOAD", ()))
    state = StateDir(arguments.state_dir.absolute()).create()
    lock = state.acquire()
    if lock is None:
        return ALREADY_RUNNING
    state.state.unlink(missing_ok=True)  # from here on, whoever sees the lock held sees no word of an earlier stack
    if arguments.detach:
        _detach(state)
    return supervise(state, lock)


def _detach(state: StateDir) -> None:
    """Go on as a child of init in a session of its own; the lock goes with us. The original ends here."""
    if os.fork():
        os._exit(0)
    os.setsid()
    rotate(state.log("supervisor"))
    log = os.open(state.log("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)


def _supervise(state: StateDir, lock: IO[str], *, table: Sequence[Process], preload: Sequence[str]) -> int:
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    if leftovers := end_leftovers(state):
        print(f"ended processes {leftovers} of an earlier stack", flush=True)
    return asyncio.run(Supervisor(state, table, preload).run())


if __name__ == "__main__":
    sys.exit(main())
