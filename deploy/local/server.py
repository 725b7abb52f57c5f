"""What the three servers have in common: how they are described, and how a test runs one by hand."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from deploy.local.spawning import Identity, launched, minimal_environment

POLL_S = 0.02
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0


class ServerStartError(Exception):
    """A server did not come up; the message ends with the last lines of its log."""


class Server(ABC):
    """One server on 127.0.0.1 with its data in `directory`.

    The supervisor asks only for the first half (what to run). Fixtures and chaos tests use the second half as well
    (`start`, `stop`, `kill`, `restart`), from the main thread if the server is to die with the process.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory.absolute()
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def identity(self) -> Identity:
        return "same"

    @abstractmethod
    def prepare(self) -> None:
        """Make the directory ready to be served, also after a crash. Blocking, idempotent."""

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments, without any secret: everyone may read a command line."""

    def environment(self) -> dict[str, str]:
        """The whole environment of the program."""
        return minimal_environment()

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers like itself, now. Blocks for a second at most."""

    # Running one by hand

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.spawn()
        self.wait_until_ready()

    def spawn(self) -> None:
        """Start it without waiting."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} is already running")
        self.prepare()
        command = launched(self.command(), identity=self.identity, death_signal=self.death_signal)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until it answers; raises `ServerStartError` when it ends or stays silent instead."""
        process = self._process
        if process is None:
            raise RuntimeError(f"{self.name} is not running")
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if (code := process.poll()) is not None:
                self._process = None
                raise ServerStartError(f"{self.name} ended with {code} at once:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                raise ServerStartError(f"{self.name} is silent after {timeout_s:.0f} s:\n{self._last_lines()}")
            time.sleep(POLL_S)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End it gracefully, or by force when it takes too long. Harmless when it is not running."""
        self._end(self.stop_signal, timeout_s)

    def kill(self) -> None:
        """End it like a power cut: kill -9, and wait until it is gone."""
        self._end(signal.SIGKILL, STOP_TIMEOUT_S)

    def restart(self) -> None:
        """Start it again on the same port and data, however it ended."""
        self.stop()
        self.start()

    def _end(self, with_signal: signal.Signals, timeout_s: float) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(with_signal)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _last_lines(self, count: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
