"""PostgreSQL, NATS and S3 in containers of testcontainers: for tests, what `embedded_servers` are without an engine."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.wait_strategies import ExecWaitStrategy, LogMessageWaitStrategy
from testcontainers.core.waiting_utils import WaitStrategy

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
START_TIMEOUT_S = 60
NO_ENGINE = """these tests need a container engine, and none answers.

  {error}

Install Docker (https://docs.docker.com/engine/install) or start it, until `docker info` shows a server.
Without an engine, `make test` runs the integration tests on embedded servers.
"""


@dataclass(frozen=True)
class PostgresContainer:
    admin_url: str


@dataclass(frozen=True)
class NatsContainer:
    url: str


@dataclass(frozen=True)
class S3Container:
    endpoint: str
    access_key: str
    secret_key: str


@dataclass(frozen=True)
class ContainerServers:
    """The part of `deploy.local.servers.EmbeddedServers` that fixtures hand on to services."""

    postgres: PostgresContainer
    nats: NatsContainer
    s3: S3Container


@contextmanager
def container_servers() -> Iterator[ContainerServers]:
    """The three servers, from the images that docker-compose.yml names, on ports of the engine's choice."""
    require_engine()
    with ExitStack() as stack:
        yield ContainerServers(_postgres(stack), _nats(stack), _s3(stack))


def require_engine() -> None:
    """When no container engine answers, end the whole run, saying why and what to do: nothing is ever skipped."""
    try:
        DockerClient().client.ping()
    except Exception as error:  # noqa: BLE001  (its transports raise what they like, and all of it means the same here)
        pytest.exit(NO_ENGINE.format(error=error), returncode=1)


def _postgres(stack: ExitStack) -> PostgresContainer:
    password = secrets.token_hex(16)
    # Without fsync, as the embedded one: a machine that loses its power takes nothing of value along.
    command = ["-c", "fsync=off", "-c", "max_connections=200"]
    environment = {"POSTGRES_PASSWORD": password, "LANG": "C.UTF-8"}
    # Over TCP, where the temporary server with which the image initialises a cluster does not listen.
    ready = ExecWaitStrategy(["pg_isready", "--quiet", "--host=127.0.0.1", "--username=postgres"])
    address = _start(stack, "postgres", 5432, command, environment, ready)
    return PostgresContainer(f"postgresql://postgres:{password}@{address}/postgres")


def _nats(stack: ExitStack) -> NatsContainer:
    password = secrets.token_hex(16)
    command = ["--jetstream", "--user", "magicpic", "--pass", password]
    address = _start(stack, "nats", 4222, command, {}, LogMessageWaitStrategy("Server is ready"))
    return NatsContainer(f"nats://magicpic:{password}@{address}")


def _s3(stack: ExitStack) -> S3Container:
    secret = secrets.token_hex(16)
    command = ["serve", "s3", "/data", "--addr", ":9000", "--vfs-cache-mode", "off", "--buffer-size", "0"]
    environment = {"RCLONE_AUTH_KEY": f'"magicpic,{secret}"', "RCLONE_CONFIG": ""}
    address = _start(stack, "s3", 9000, command, environment, LogMessageWaitStrategy("Starting s3 server"))
    return S3Container(f"http://{address}", "magicpic", secret)


def _start(
    stack: ExitStack,
    service: str,
    port: int,
    command: Sequence[str],
    environment: Mapping[str, str],
    ready: WaitStrategy,
) -> str:
    """Start the image of a service of docker-compose.yml until `stack` closes. Returns host:port."""
    image = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))["services"][service]["image"]
    container = DockerContainer(image).with_command(list(command)).with_envs(**environment).with_exposed_ports(port)
    stack.enter_context(container.waiting_for(ready.with_startup_timeout(START_TIMEOUT_S)))
    # By number: an engine may publish another port on ::1, and `localhost` is both.
    host = container.get_container_host_ip().replace("localhost", "127.0.0.1")
    return f"{host}:{container.get_exposed_port(port)}"
