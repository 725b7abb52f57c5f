"""Starting programs that die with us, as someone who is not root where the program insists on that."""

import functools
import os
import pwd
import signal
import sys
import threading
from pathlib import Path
from typing import Literal

from deploy.local.launch import nobody

Identity = Literal["same", "drop", "namespace"]
"""As whom a program runs: as ourselves, as `nobody`, or as ourselves under the name of `nobody` (a user namespace)."""

# Bits of capabilities(7) that becoming `nobody` takes: CHOWN, DAC_OVERRIDE, SETGID, SETUID, SETPCAP.
DROPPING_NEEDS = 1 << 0 | 1 << 1 | 1 << 6 | 1 << 7 | 1 << 8


def launched(command: list[str], *, identity: Identity = "same", death_signal: int = signal.SIGKILL) -> list[str]:
    """The command line that runs `command` under `launch.py`, to be started by the calling thread itself.

    Linux sends the death signal when the *thread* that started the program ends. Only the main thread lives as long
    as its process, so a program started from another one is not tied to it.
    """
    tied = threading.current_thread() is threading.main_thread()
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    return [*launcher, str(os.getpid()), str(int(death_signal) if tied else 0), identity, *command]


def unprivileged_identity() -> Identity:
    """How a program that refuses root has to be started here.

    Root becomes `nobody` where it may; inside a container or sandbox that forbids this, a user namespace does.
    That also serves a user id without a name (`docker run --user 1234`), which initdb refuses as well.
    """
    if sys.platform != "linux":
        return "same"
    if os.geteuid() == 0:
        return "drop" if may_drop_root() else "namespace"
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return "namespace"
    return "same"


def may_drop_root() -> bool:
    """Whether we hold the capabilities for it and `nobody` exists on our side of any user namespace."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return effective & DROPPING_NEEDS == DROPPING_NEEDS and _is_mapped(nobody()[0])


def _is_mapped(uid: int) -> bool:
    for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines():
        first, _, count = (int(word) for word in line.split())
        if first <= uid < first + count:
            return True
    return False


def give_to(directory: Path, identity: Identity) -> None:
    """Make everything in `directory` belong to whom a program of this identity appears as."""
    if os.geteuid() != 0:
        return
    uid, gid = nobody() if identity == "drop" else (os.geteuid(), os.getegid())
    if directory.stat().st_uid == uid:
        return
    for folder, _, files in os.walk(directory, topdown=False):
        for name in files:
            os.lchown(Path(folder) / name, uid, gid)
        os.chown(folder, uid, gid)


@functools.cache
def minimal_environment() -> dict[str, str]:
    """What a server gets to see of our environment: no PG* or RCLONE_* variable of the user's reaches it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
