"""The first thing that people meet: what `make` says on a machine where something is missing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.state import REPOSITORY


@pytest.fixture
def bootstrap(tmp_path: Path) -> Path:
    """The script in a checkout of its own, without a .venv."""
    copy = tmp_path / "deploy" / "local" / "bootstrap.sh"
    copy.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "deploy" / "local" / "bootstrap.sh", copy)
    return copy


def run(script: Path, **variables: str) -> str:
    done = subprocess.run(["/bin/sh", str(script)], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stderr


def pretend(folder: Path, name: str, source: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{source}\n")
    program.chmod(0o755)


def test_make_help_explains_every_target() -> None:
    told = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in (
        "demo",
        "up",
        "down",
        "status",
        "logs",
        "reset",
        "test",
        "check",
        "fmt",
        "bench",
        "chaos",
        "contracts",
    ):
        assert re.search(rf"{target}\S*\s+\S* ?[A-Z]", told), target


def test_a_machine_without_python_is_told_what_to_install(bootstrap: Path, tmp_path: Path) -> None:
    pretend(tmp_path / "bin", "dirname", 'exec /usr/bin/dirname "$@"')
    told = run(bootstrap, PATH=str(tmp_path / "bin"))
    assert "needs Python 3.11 or newer" in told
    assert "apt install python3 python3-venv" in told


def test_an_old_python_is_passed_over(bootstrap: Path, tmp_path: Path) -> None:
    pretend(tmp_path / "bin", "dirname", 'exec /usr/bin/dirname "$@"')
    pretend(tmp_path / "bin", "python3", "exit 1  # as `good` does there")
    assert "needs Python 3.11 or newer" in run(bootstrap, PATH=str(tmp_path / "bin"))


def test_a_chosen_python_that_will_not_do_is_named(bootstrap: Path) -> None:
    assert "PYTHON=/no/python is not a Python 3.11 or newer" in run(
        bootstrap, PATH="/usr/bin:/bin", PYTHON="/no/python"
    )


def test_a_python_without_pip_and_ensurepip_is_told_what_to_install(bootstrap: Path, tmp_path: Path) -> None:
    bare = 'case "$*" in *ensurepip*|"-m pip"*) exit 1;; *venv*) mkdir -p .venv/bin; exit 0;; esac; exit 0'
    pretend(tmp_path / "bin", "python3", bare)
    for name in ("dirname", "mkdir", "cut"):
        pretend(tmp_path / "bin", name, f'exec /usr/bin/{name} "$@"')
    told = run(bootstrap, PATH=str(tmp_path / "bin"))
    assert "neither ensurepip nor pip" in told
    assert "apt install python3-venv" in told


@pytest.mark.parametrize(
    ("first", "other", "chosen"), [(2000, 1500, "other"), (2000, 1700, "first"), (1500, 2000, "first")]
)
def test_the_first_python_is_taken_unless_another_is_faster_by_far(
    bootstrap: Path, tmp_path: Path, first: int, other: int, chosen: str
) -> None:
    for folder, pace in (("first", first), ("other", other)):
        source = f'case "$*" in *timeit*) echo {pace};; *ensurepip*|"-m pip"*) exit 1;; esac; exit 0'
        pretend(tmp_path / folder, "python3", source)
    pretend(tmp_path / "bin", "dirname", 'exec /usr/bin/dirname "$@"')
    done = subprocess.run(
        ["/bin/sh", str(bootstrap)],
        env={"PATH": ":".join(str(tmp_path / folder) for folder in ("first", "other", "bin"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"setting up .venv with {tmp_path / chosen / 'python3'}" in done.stdout
