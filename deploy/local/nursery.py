"""A short-lived process that has imported what our roles have in common, and forks them off.

Eight Python processes that each import the same libraries take two processors three seconds; one that imports them and
is forked eight times takes half a second, and the copies share its memory. It serves the first start alone: it ends
when all have been started, and one that dies later is started in the ordinary way.

A fork is handed over to the supervisor, as its own child, by forking twice: the orphan falls to the nearest ancestor
that has declared itself a subreaper (prctl(2)). Where any of this fails, the ordinary way still works.
"""

import asyncio
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from deploy.local.launch import check, die_with_parent
from deploy.local.spawning import launched

PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
ANSWER_TIMEOUT_S = 20.0
ADOPTION_TIMEOUT_S = 5.0


class Nursery:
    """The supervisor's side. Without a nursery, or once it has failed or closed, `fork` answers None."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def open(self, modules: Sequence[str], *, log: Path, variables: dict[str, str]) -> None:
        """Start it; it imports `modules` while we go on."""
        if sys.platform != "linux" or not modules:
            return
        _be_subreaper(yes=True)
        ours, theirs = socket.socketpair()
        with theirs:
            self._pid = _spawn(theirs.fileno(), modules, log, variables)
        self._streams = await asyncio.open_connection(sock=ours)

    async def fork(self, command: Sequence[str], *, log: Path, variables: dict[str, str]) -> int | None:
        """Run a Python script (the interpreter, the script, its arguments) as our child; its process id, or None."""
        async with self._lock:
            if self._streams is None:
                return None
            reader, writer = self._streams
            order = {"command": list(command), "log": str(log), "variables": variables}
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    writer.write(json.dumps(order).encode() + b"\n")
                    return int(await reader.readline())
            except (OSError, TimeoutError, ValueError):
                self._hang_up()
                return None
            except asyncio.CancelledError:
                self._hang_up()  # the next one to ask would get the answer to this order
                raise

    async def close(self) -> None:
        """End it; what it forked lives on."""
        async with self._lock:
            self._hang_up()
            if self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)  # noqa: ASYNC222 - it has just been killed
                self._pid = None
                _be_subreaper(yes=False)

    def _hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _spawn(channel: int, modules: Sequence[str], log: Path, variables: dict[str, str]) -> int:
    return os.posix_spawn(
        sys.executable,
        launched([sys.executable, "-m", "deploy.local.nursery", str(os.getpid()), *modules]),
        variables,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, channel, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _be_subreaper(*, yes: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    check(libc.prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0), "become a subreaper")


class Order(TypedDict):
    """What the supervisor asks for, as a line of JSON. The answer is a line with the process id, or an empty one."""

    command: list[str]
    log: str
    variables: dict[str, str]


def serve(supervisor_pid: int, modules: Sequence[str]) -> Order | None:
    """Import, then fork on every order until there are no more; returns in each fork too, with its order."""
    for module in modules:
        importlib.import_module(module)
    if threading.active_count() > 1:
        sys.exit("an import started a thread, which no fork would have: the roles have to start in the ordinary way")
    gc.freeze()  # so that the collector does not write to pages that can stay shared
    with socket.socket(fileno=0) as channel, channel.makefile("rb") as orders:
        for line in orders:
            answer, told = os.pipe()
            if os.fork() == 0:
                if os.fork():
                    os._exit(0)
                return _become(supervisor_pid, json.loads(line), told)
            os.close(told)
            os.wait()
            channel.sendall(os.read(answer, 32) + b"\n")
            os.close(answer)
    return None


def _become(supervisor_pid: int, order: Order, told: int) -> Order:
    """Turn into the supervisor's child, with a session, output, environment and name of its own."""
    deadline = time.monotonic() + ADOPTION_TIMEOUT_S
    while os.getppid() != supervisor_pid:  # as soon as the first fork has ended
        if time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.001)
    libc = ctypes.CDLL(None, use_errno=True)
    die_with_parent(libc, supervisor_pid, signal.SIGKILL)
    libc.prctl(PR_SET_NAME, order["command"][-1].encode()[:15], 0, 0, 0)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["variables"])
    os.write(told, str(os.getpid()).encode())
    os.close(told)
    return order


def main() -> None:
    order = serve(int(sys.argv[1]), sys.argv[2:])
    if order is not None:
        os.open(os.devnull, os.O_RDONLY)  # becomes descriptor 0, which `serve` has closed
        sys.argv = order["command"][1:]
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
