"""`docker compose`, or docker-compose 1.29 where that is what there is, on the repository's own file."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BUILD_TIMEOUT_S = 1200
TIMEOUT_S = 300
NO_COMPOSE = """these tests need Docker Compose: neither `docker compose` nor `docker-compose` is there.

Install the plugin: https://docs.docker.com/compose/install
"""


def run(*command: str, timeout_s: float = TIMEOUT_S, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints; fails with all of it, the diagnostics included, when the command does."""
    done = attempt(*command, timeout_s=timeout_s, variables=variables)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def attempt(
    *command: str, timeout_s: float = TIMEOUT_S, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run in the repository, without the settings of ours that whoever runs the tests may have."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAGICPIC_")}
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**clean, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@cache
def compose_command() -> tuple[str, ...]:
    if shutil.which("docker") and attempt("docker", "compose", "version").returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    pytest.exit(NO_COMPOSE, returncode=1)


def new_env(path: Path) -> Path:
    """Fresh secrets, made as the README says."""
    run("sh", "deploy/docker/new-env.sh", str(path))
    return path


@dataclass(frozen=True)
class Compose:
    """One project: its name, its secrets, and settings that stand above those of the file."""

    project: str
    env_file: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, timeout_s: float = TIMEOUT_S) -> str:
        command = (*compose_command(), "--project-name", self.project, "--env-file", str(self.env_file), *arguments)
        return run(*command, timeout_s=timeout_s, variables=self.variables)
