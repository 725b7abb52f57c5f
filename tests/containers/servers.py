"""PostgreSQL, NATS and S3 in containers of testcontainers: for tests, what `embedded_servers` are without an engine."""

import secrets
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import yaml
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from deploy.local.ports import throwaway_port

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.yml"
START_TIMEOUT_S = 60
POLL_S = 0.05
PROTOCOL_3_0 = 196608
NO_ENGINE = """these tests need a container engine, and none answers.

  {error}

Install Docker (https://docs.docker.com/engine/install) or start it, until `docker info` shows a server.
Without an engine, `make test` runs the integration tests on embedded servers.
"""


def require_engine() -> None:
    """When no container engine answers, end the whole run, saying why and what to do: nothing is ever skipped."""
    try:
        DockerClient().client.ping()
    except Exception as error:  # noqa: BLE001  (its transports raise what they like, and all of it means the same here)
        pytest.exit(NO_ENGINE.format(error=error), returncode=1)


class ContainerServer:
    """One server, from the image that docker-compose.yml names for `service`, on a port that a restart keeps.

    It is ready when it answers `hello` with what begins like `answer`. As with the embedded ones, all calls block.
    """

    def __init__(
        self,
        service: str,
        port: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        hello: bytes,
        answer: bytes,
    ) -> None:
        image = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))["services"][service]["image"]
        # Not any port: the engine would choose another one at each start.
        self.port = throwaway_port()
        self._container = DockerContainer(image).with_command(list(command)).with_envs(**environment)
        self._container.with_bind_ports(port, self.port)
        self._hello = hello
        self._answer = answer

    @property
    def host(self) -> str:
        # By number: `localhost` may also be ::1, where the engine need not listen.
        return self._container.get_container_host_ip().replace("localhost", "127.0.0.1")

    def start(self) -> None:
        """Create it and wait until it answers."""
        self._container.start()
        self._wait_until_ready()

    def stop(self) -> None:
        """Remove it with all its data."""
        self._container.stop()

    def kill(self) -> None:
        """End it like a power cut: kill -9, and wait until it is gone. Its data stays."""
        wrapped = self._container.get_wrapped_container()
        wrapped.kill()
        wrapped.wait()

    def restart(self) -> None:
        """Start it again on the same port and data, however it ended."""
        self._container.get_wrapped_container().restart()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            self._container.reload()
            if self._container.status == "exited" or time.monotonic() > deadline:
                words = b"\n".join(self._container.get_logs()).decode(errors="replace")
                raise RuntimeError(f"{self._container.image} does not answer. Its last words:\n{words[-2000:]}")
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as connection:
                connection.sendall(self._hello)
                return connection.recv(1024).startswith(self._answer)
        except OSError:  # also when the engine takes the connection for a server that does not listen yet
            return False


class PostgresContainer(ContainerServer):
    def __init__(self) -> None:
        self._password = secrets.token_hex(16)
        # Without fsync, as the embedded one: a machine that loses its power takes nothing of value along.
        command = ["-c", "fsync=off", "-c", "max_connections=200"]
        environment = {"POSTGRES_PASSWORD": self._password, "LANG": "C.UTF-8"}
        # A connection's first message: `R` asks for the password.
        startup = struct.pack("!i", PROTOCOL_3_0) + b"user\0postgres\0database\0postgres\0\0"
        hello = struct.pack("!i", len(startup) + 4) + startup
        super().__init__("postgres", 5432, command, environment, hello=hello, answer=b"R")

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return f"postgresql://postgres:{self._password}@{self.host}:{self.port}/postgres"


class NatsContainer(ContainerServer):
    def __init__(self) -> None:
        self._password = secrets.token_hex(16)
        command = ["--jetstream", "--store_dir", "/data", "--user", "magicpic", "--pass", self._password]
        super().__init__("nats", 4222, command, {}, hello=b"", answer=b"INFO")

    @property
    def url(self) -> str:
        return f"nats://magicpic:{self._password}@{self.host}:{self.port}"


class S3Container(ContainerServer):
    def __init__(self) -> None:
        self.access_key, self.secret_key = secrets.token_hex(10), secrets.token_hex(20)
        command = ["serve", "s3", "/data", "--addr", ":9000", "--vfs-cache-mode", "off", "--buffer-size", "0"]
        environment = {"RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"', "RCLONE_CONFIG": ""}
        # Any answer in HTTP will do: without a signature it is a 403.
        super().__init__("s3", 9000, command, environment, hello=b"GET / HTTP/1.0\r\n\r\n", answer=b"HTTP/")

    @property
    def endpoint(self) -> str:
        """The URL of the service, without a trailing slash."""
        return f"http://{self.host}:{self.port}"


class ContainerServers:
    """What fixtures use of `deploy.local.servers.EmbeddedServers`: `with ContainerServers() as servers:`."""

    def __init__(self) -> None:
        require_engine()
        self.postgres = PostgresContainer()
        self.nats = NatsContainer()
        self.s3 = S3Container()

    def __enter__(self) -> Self:
        try:
            for server in (self.postgres, self.nats, self.s3):
                server.start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        for server in (self.s3, self.nats, self.postgres):
            server.stop()
