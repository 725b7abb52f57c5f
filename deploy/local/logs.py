"""The processes' log files: kept small, and read together."""

from pathlib import Path

ROTATE_AT_BYTES = 10 * 1024 * 1024
KEPT = 3
TAIL_BYTES = 256 * 1024


def rotate(log: Path) -> None:
    """Put a log that has grown too large aside as `.1`, and the three before it one further. Called before a start."""
    if not log.exists() or log.stat().st_size < ROTATE_AT_BYTES:
        return
    for number in range(KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log, of its last 256 kB at most."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-count:]


class Follower:
    """Reads what is written to some logs from now on."""

    def __init__(self, logs: list[Path]) -> None:
        self._offsets = {log: log.stat().st_size if log.exists() else 0 for log in logs}

    def new(self) -> list[tuple[str, str]]:
        """The whole lines written since the last call, each with the name of its process."""
        return [(log.stem, line) for log in self._offsets for line in self._lines(log)]

    def _lines(self, log: Path) -> list[str]:
        size = log.stat().st_size if log.exists() else 0
        if size < self._offsets[log]:  # rotated
            self._offsets[log] = 0
        if size == self._offsets[log]:
            return []
        with log.open("rb") as file:
            file.seek(self._offsets[log])
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offsets[log] += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines() if newline else []
