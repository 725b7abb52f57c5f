"""Small files that must be whole, or for nobody else's eyes."""

import os
from pathlib import Path


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the file in one step: a reader sees the old text or the new one, never a part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.rename(path)


def write_private(path: Path, text: str) -> None:
    """The same for a file with secrets in it: only its owner may read it."""
    write_atomically(path, text, mode=0o600)
