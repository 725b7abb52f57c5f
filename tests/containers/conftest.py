"""The image, built once for all these tests, and the stack that docker-compose.yml describes."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import throwaway_port
from tests.containers.compose import BUILD_TIMEOUT_S, Compose, attempt, new_env, run
from tests.containers.servers import require_engine


@dataclass(frozen=True)
class ComposeStack:
    compose: Compose
    url: str

    def healthy(self) -> set[str]:
        """The services whose container passes its health check."""
        project = f"label=com.docker.compose.project={self.compose.project}"
        shown = '{{.Label "com.docker.compose.service"}}'
        return set(run("docker", "ps", "--filter", project, "--filter", "health=healthy", "--format", shown).split())


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_env(tmp_path_factory.mktemp("compose") / ".env")


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    """The image's name. What it was built from stays in the engine's cache, so that the next time is quick."""
    require_engine()
    name = f"magicpic:test-{secrets.token_hex(4)}"
    run("docker", "build", "--quiet", "--tag", name, ".", timeout_s=BUILD_TIMEOUT_S)
    yield name
    attempt("docker", "image", "rm", name)


@pytest.fixture(scope="session")
def compose_stack(image: str, env_file: Path) -> Iterator[ComposeStack]:
    """Everything, up for all tests on ports of its own, and gone with its data afterwards."""
    gateway_port = throwaway_port()
    s3_port = throwaway_port([gateway_port])
    variables = {
        "MAGICPIC_IMAGE": image,
        "MAGICPIC_GATEWAY_PORT": str(gateway_port),
        "MAGICPIC_S3_PORT": str(s3_port),
        "MAGICPIC_S3_PUBLIC_ENDPOINT": f"http://localhost:{s3_port}",
        "MAGICPIC_NATS_PASSWORD": "4e2ab",  # NATS's own format would take it for a number
    }
    compose = Compose(f"magicpic-test-{secrets.token_hex(4)}", env_file, variables)
    try:
        compose("up", "--detach")
        yield ComposeStack(compose, f"http://localhost:{gateway_port}")
    finally:
        compose("down", "--volumes", "--remove-orphans")
