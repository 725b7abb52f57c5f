"""A stack of dummies in a directory of its own, taken down however the test ends."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import control
from deploy.local.state import STATE_DIR_VARIABLE, StateDir

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Wait for something that no event tells about: another process, asked again and again, for 15 s at most."""

    def wait(true: Callable[[], object]) -> None:
        deadline = time.monotonic() + 15
        while not true():
            assert time.monotonic() < deadline, "it did not come true within 15 s"
            time.sleep(0.02)

    return wait


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateDir]:
    """An empty state directory that the command line uses too."""
    monkeypatch.setenv(STATE_DIR_VARIABLE, str(tmp_path / "state"))
    directory = StateDir(tmp_path / "state")
    yield directory
    control.stop(directory)
