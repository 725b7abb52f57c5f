"""One supervised process: started, watched until it is ready, started again with growing patience when it ends."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local.nursery import Nursery
from deploy.local.processes import Process
from deploy.local.program import Program, Role
from deploy.local.server import ServerStartError
from deploy.local.spawning import launched
from deploy.local.state import ProcessState, ProcessStatus

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 60.0
ONCE_ATTEMPTS = 3
PROBE_INTERVAL_S = 0.05
STOP_TIMEOUT_S = 15.0

SUPERVISED_VARIABLE = "MAGICPIC_SUPERVISED"
"""Marks every child with its stack's directory, so that what outlives a killed supervisor can be found."""


class TaskFailedError(Exception):
    """A process that must do its work once did not; the stack cannot come up."""


def delay_s(failures: int) -> float:
    """How long to wait before the next start, after so many ends in a row: 0.5 s, 1 s, 2 s, … 30 s."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))


def failures_in_a_row(before: int, *, lived_s: float) -> int:
    """The count after one more end: a life of a minute makes up for all earlier ones."""
    return 1 if lived_s >= STEADY_AFTER_S else before + 1


class Child:
    """Runs one line of the table. `status` is always current; `changed` is called after every change of it."""

    def __init__(
        self,
        process: Process,
        program: Program,
        *,
        log: Path,
        marker: str,
        port: int | None,
        changed: Callable[[], None],
        nursery: Nursery | None = None,
        stop_timeout_s: float = STOP_TIMEOUT_S,
    ) -> None:
        self.process = process
        self.status = ProcessStatus(process.name, port=port, once=process.once)
        self.ready = asyncio.Event()
        """Set when it is ready for the first time, and never cleared: later trouble is for the others to bear."""
        self._program = program
        self._log = log
        self._marker = marker
        self._changed = changed
        self._nursery = nursery
        self._stop_timeout_s = stop_timeout_s
        self._run: asyncio.Task[None] | None = None

    def start(self, after: list[asyncio.Event]) -> asyncio.Task[None]:
        """Begin, once all of `after` are set. The task ends when the work is done, or raises `TaskFailedError`."""
        self._run = asyncio.create_task(self._keep_running(after), name=self.process.name)
        return self._run

    async def stop(self) -> None:
        """Start it no more and end it: gracefully, or by force when that takes longer than `stop_timeout_s`."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.wait([self._run])
        if self.status.state not in ("done", "failed"):
            self._set("stopped")

    async def _keep_running(self, after: list[asyncio.Event]) -> None:
        for event in after:
            await event.wait()
        failures = 0
        while True:
            started = time.monotonic()
            code = await self._live_once()
            if self.process.once and code == 0:
                self._set("done", pid=None, last_exit=0, detail="")
                self.ready.set()
                return
            failures = failures_in_a_row(failures, lived_s=time.monotonic() - started)
            if self.process.once and failures == ONCE_ATTEMPTS:
                self._set("failed", pid=None, last_exit=code)
                raise TaskFailedError(f"{self.process.name} failed {ONCE_ATTEMPTS} times, last with status {code}")
            self._set("restarting", pid=None, last_exit=code, restarts=self.status.restarts + 1)
            await asyncio.sleep(delay_s(failures))

    async def _live_once(self) -> int | None:
        """One life: its exit status (negative: the signal that ended it), or None when it could not even start."""
        self._set("starting", started_at=time.time(), ready_after_s=None)
        try:
            await asyncio.to_thread(self._program.prepare)
            pid = await self._fork() or self._spawn()
        except (OSError, ServerStartError) as error:
            self._note(error)
            return None
        self._set("starting", pid=pid)
        probe = asyncio.create_task(self._probe(time.monotonic()))
        try:
            return await reaped(pid)
        except asyncio.CancelledError:
            await self._end(pid)
            raise
        finally:
            probe.cancel()

    async def _fork(self) -> int | None:
        """Start it the fast way, where that can be done."""
        if self._nursery is None or not isinstance(self._program, Role) or not self._program.forkable:
            return None
        return await self._nursery.fork(self._program.command(), log=self._log, variables=self._program.environment())

    def _spawn(self) -> int:
        program = self._program
        command = launched(program.command(), identity=program.identity, death_signal=program.death_signal)
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            command[0],
            command,
            {**program.environment(), SUPERVISED_VARIABLE: self._marker},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self._log), append, 0o640),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGPIPE],  # Python ignores it, and what is ignored stays so in children
        )

    async def _probe(self, since: float) -> None:
        while not await asyncio.to_thread(self._program.is_ready):  # noqa: ASYNC110 - nothing else would tell us
            await asyncio.sleep(PROBE_INTERVAL_S)
        self._set("ready", ready_after_s=round(time.monotonic() - since, 2), detail="")
        self.ready.set()

    async def _end(self, pid: int) -> None:
        self._set("stopping")
        os.kill(pid, self._program.stop_signal)
        end = asyncio.create_task(reaped(pid))
        done, _ = await asyncio.wait([end], timeout=self._stop_timeout_s)
        if not done:
            os.kill(pid, signal.SIGKILL)
        self._set("stopped", pid=None, last_exit=await end)

    def _note(self, error: Exception) -> None:
        self.status.detail = str(error)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{error}\n")

    def _set(self, state: ProcessState, **changes: object) -> None:
        self.status.state = state
        for name, value in changes.items():
            setattr(self.status, name, value)
        self._changed()


async def reaped(pid: int) -> int:
    """Wait for the end of a child, take what is left of its process group along, and return its exit status.

    The group is killed while the child is still a zombie: as long as it is, its number cannot be anyone else's.
    """
    await (ended_by_descriptor(pid) if hasattr(os, "pidfd_open") else ended_by_asking(pid))
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left in it
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])  # noqa: ASYNC222 - it has ended: this does not wait


async def ended_by_descriptor(pid: int) -> None:
    """Wait until a child is a zombie: its pidfd becomes readable then (Linux 5.3)."""
    descriptor = os.pidfd_open(pid)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def ended_by_asking(pid: int) -> None:
    """The same where there are no pidfds."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:  # noqa: ASYNC110, ASYNC222 - no event, no wait
        await asyncio.sleep(PROBE_INTERVAL_S)
