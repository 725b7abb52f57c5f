"""A short name for the present state of the source code, to know whether work once done still counts."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from deploy.local.files import write_atomically

SOURCE_FOLDERS = ("cli", "contracts", "deploy", "gateway", "kernel", "services")
SKIPPED = {"__pycache__", "node_modules"}


def fingerprint(root: Path) -> str:
    """Changes whenever a source file below `root` is added, removed, renamed or written to, or a dependency changes."""
    digest = hashlib.sha256()
    for path in [*_files(root), root / "uv.lock"]:
        if path.exists():
            facts = path.stat()
            digest.update(f"{path} {facts.st_mtime_ns} {facts.st_size}\n".encode())
    return digest.hexdigest()


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for name in SOURCE_FOLDERS:
        for folder, folders, files in os.walk(root / name):
            folders[:] = [entry for entry in folders if entry not in SKIPPED]
            found += [Path(folder) / file for file in files]
    return sorted(found)


class TasksDone:
    """The names of the one-shot tasks that earlier stacks of this directory completed with the present code."""

    def __init__(self, path: Path, code: str) -> None:
        self._path = path
        self._code = code
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self._names = frozenset(name for name, when in known.items() if when == code)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, names: Iterable[str]) -> None:
        """Remember them for the next start; what this one thinks of them stays as it was."""
        write_atomically(self._path, json.dumps(dict.fromkeys([*self._names, *names], self._code)))
