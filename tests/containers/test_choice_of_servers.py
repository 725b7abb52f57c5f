"""MAGICPIC_TEST_SERVERS chooses the servers of the integration tests, and never quietly chooses others."""

import subprocess
import sys

from tests.containers.compose import attempt

PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
SOME_TEST = "tests/integration/kernel/test_timers.py"
NOWHERE = "tcp://127.0.0.1:1"


def pytest_with(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return attempt(*PYTEST, *arguments, variables=variables)


def test_without_an_engine_the_run_ends_and_says_why_and_what_to_do() -> None:
    done = pytest_with({"MAGICPIC_TEST_SERVERS": "containers", "DOCKER_HOST": NOWHERE}, SOME_TEST)
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    assert "skipped" not in told
    for words in ("none answers", "127.0.0.1", "Install Docker", "make test"):
        assert words in told


def test_an_unknown_choice_is_refused() -> None:
    done = pytest_with({"MAGICPIC_TEST_SERVERS": "container"}, "--collect-only", SOME_TEST)
    assert done.returncode != 0
    assert "KeyError: 'container'" in done.stdout + done.stderr


def test_in_containers_the_tests_of_the_embedded_servers_are_left_out_and_that_is_said() -> None:
    done = pytest_with({"MAGICPIC_TEST_SERVERS": "containers"}, "--collect-only", "tests/integration")
    assert "left out: tests/integration/deploy" in done.stdout
    assert "<Dir kernel>" in done.stdout or "<Package kernel>" in done.stdout
    assert "<Dir deploy>" not in done.stdout
    assert "<Package deploy>" not in done.stdout
