"""The state directory: where everything of one stack lies, and how its supervisor tells others what it does.

A supervisor holds an exclusive flock on `supervisor.lock` as long as it lives, however it ends; so whoever asks needs
to believe neither an old file nor a process id. What it does is in `state.json`, replaced whole on every change.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Literal, Self

from deploy.local.files import write_atomically

REPOSITORY = Path(__file__).resolve().parents[2]
STATE_DIR_VARIABLE = "MAGICPIC_STATE_DIR"

Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]
ProcessState = Literal["waiting", "starting", "ready", "done", "restarting", "stopping", "stopped", "failed"]


def default_state_dir() -> Path:
    """`MAGICPIC_STATE_DIR`, or `.magicpic` in the checkout."""
    return Path(os.environ.get(STATE_DIR_VARIABLE) or REPOSITORY / ".magicpic").absolute()


@dataclass
class ProcessStatus:
    """What the supervisor knows of one process; times are seconds since the epoch."""

    name: str
    state: ProcessState = "waiting"
    pid: int | None = None
    port: int | None = None
    once: bool = False
    started_at: float | None = None
    ready_after_s: float | None = None
    restarts: int = 0
    last_exit: int | None = None
    detail: str = ""


@dataclass
class StackStatus:
    """What the supervisor knows of the whole stack."""

    supervisor_pid: int
    started_at: float
    phase: Phase = "starting"
    notices: list[str] = field(default_factory=list)
    failure: str = ""
    processes: list[ProcessStatus] = field(default_factory=list)

    @property
    def lagging(self) -> list[ProcessStatus]:
        """Those that do not do what they are for. When the stack is ready, work to be repeated may still be ahead."""
        fine = {"ready", "done"}
        ahead = {"waiting", "starting"} if self.phase == "ready" else set()
        return [one for one in self.processes if one.state not in (fine | ahead if one.once else fine)]

    def process(self, name: str) -> ProcessStatus:
        return next(process for process in self.processes if process.name == name)


@dataclass(frozen=True)
class StateDir:
    """Names of what lies in the state directory."""

    path: Path

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def lock(self) -> Path:
        return self.path / "supervisor.lock"

    @property
    def tasks_done(self) -> Path:
        return self.path / "tasks.json"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def create(self) -> Self:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        return self

    def write(self, status: StackStatus) -> None:
        write_atomically(self.state, json.dumps(asdict(status), indent=2))

    def read(self) -> StackStatus | None:
        """The latest word of the present or the last supervisor."""
        try:
            raw = json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return StackStatus(**{**raw, "processes": [ProcessStatus(**process) for process in raw["processes"]]})

    def acquire(self, timeout_s: float = 0.5) -> IO[str] | None:
        """Become the one supervisor by holding the returned file open, or None when there is one already.

        The short patience is for those who only look: `is_held` takes the lock for an instant.
        """
        file = self.lock.open("a+", encoding="ascii")
        deadline = time.monotonic() + timeout_s
        while not _try_lock(file):
            if time.monotonic() > deadline:
                file.close()
                return None
            time.sleep(0.02)
        return file

    def is_held(self) -> bool:
        """Whether a supervisor lives."""
        if not self.lock.exists():
            return False
        with self.lock.open(encoding="ascii") as file:
            return not _try_lock(file)

    def holder(self) -> int | None:
        """The process id that the supervisor wrote into its lock. It means something only while `is_held`."""
        text = self.lock.read_text(encoding="ascii") if self.lock.exists() else ""
        return int(text) if text else None


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
