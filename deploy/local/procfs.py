"""What Linux's /proc knows about processes. Elsewhere every question is answered with nothing."""

import os
import time
from collections.abc import Collection
from pathlib import Path

PROC = Path("/proc")
TCP_LISTEN = "0A"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def pids() -> list[int]:
    """All processes that we can see."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()] if PROC.is_dir() else []


def program_name(pid: int) -> str:
    """The name of a process's program (15 bytes at most), or nothing when it is gone."""
    return _read(pid, "comm").decode(errors="replace").strip()


def processes_in(directory: Path, *, program: str) -> list[int]:
    """The running processes of a program whose working directory is this one."""
    wanted = str(directory.resolve())
    return [pid for pid in pids() if program_name(pid) == program and working_directory(pid) == wanted]


def working_directory(pid: int) -> str:
    """Where a process runs, or nothing when it is gone or not ours to ask."""
    return _link(pid, "cwd")


def processes_with(variable: str, value: str) -> list[int]:
    """The running processes, except us, that were started with this variable in their environment."""
    wanted = f"{variable}={value}".encode()
    return [pid for pid in pids() if pid != os.getpid() and wanted in _read(pid, "environ").split(b"\0")]


def resident_bytes(pid: int) -> int:
    """The resident memory of a process and all its descendants.

    A page that several processes share counts in parts, so that sums are true: PostgreSQL's buffers would count once
    for every connection, and what our forked roles share, eight times. Where only the plain number may be known
    (another user's process, in a container), it is taken instead.
    """
    parents = {child: _parent(child) for child in pids()}
    family = {pid}
    while found := {child for child, parent in parents.items() if parent in family} - family:
        family |= found
    return sum(resident_bytes_of_one(member) for member in family)


def port_owner(port: int) -> str:
    """Who listens on a TCP port of this machine, as `name (pid 123)`, or nothing when that cannot be known."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for pid in pids() if sockets else []:
        try:
            descriptors = list((PROC / str(pid) / "fd").iterdir())
        except OSError:
            continue
        if any(_link(pid, f"fd/{descriptor.name}") in sockets for descriptor in descriptors):
            return f"{program_name(pid)} (pid {pid})"
    return ""


def send_signal(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def end(pids_to_end: Collection[int], number: int, timeout_s: float) -> bool:
    """Signal processes that are not our children and wait until they are gone; says whether they are."""
    for pid in pids_to_end:
        send_signal(pid, number)
    deadline = time.monotonic() + timeout_s
    while any(is_running(pid) for pid in pids_to_end):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_running(pid: int) -> bool:
    """A zombie has ended: it only waits for its parent to ask how."""
    return _stat(pid)[:1] not in ([], ["Z"])


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) after the program's name, which may contain anything: state, parent, …"""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def resident_bytes_of_one(pid: int) -> int:
    """The same for a single process."""
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    fields = _read(pid, "statm").split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def _listening_inodes(port: int) -> list[str]:
    found: list[str] = []
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (PROC / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        listening = (fields for fields in map(str.split, lines) if fields[3] == TCP_LISTEN)
        found += [fields[9] for fields in listening if int(fields[1].rpartition(":")[2], 16) == port]
    return found


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _link(pid: int, name: str) -> str:
    try:
        return str((PROC / str(pid) / name).readlink())
    except OSError:
        return ""
