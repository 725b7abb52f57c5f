"""The three servers together, for tests: a throwaway trio in a directory of your choice.

    with embedded_servers(tmp_path) as servers:
        servers.postgres.admin_url, servers.nats.url, servers.s3.endpoint, servers.s3.access_key, servers.s3.secret_key
        servers.nats.kill()
        servers.nats.restart()      # same port, same data

`async with` works as well, for use inside a coroutine. All calls block; the trio takes about half a second to start.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import credentials
from deploy.local.nats import Nats
from deploy.local.ports import throwaway_port
from deploy.local.postgres import Postgres
from deploy.local.s3 import S3
from deploy.local.server import Server, ServerStartError

__all__ = ["S3", "EmbeddedServers", "Nats", "Postgres", "Server", "ServerStartError", "embedded_servers"]


class EmbeddedServers:
    """PostgreSQL, NATS and S3 on free ports. Using the same directory again brings the same data and passwords back."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        known = credentials.load_or_create(directory / "secrets.json")
        ports: list[int] = []
        for _ in range(3):
            ports.append(throwaway_port(ports))
        self.postgres = Postgres(
            directory / "postgres", ports[0], password=known["postgres_admin_password"], durable=durable
        )
        self.nats = Nats(directory / "nats", ports[1], password=known["nats_password"])
        self.s3 = S3(directory / "s3", ports[2], access_key=known["s3_access_key"], secret_key=known["s3_secret_key"])

    def start(self) -> None:
        """Start all three side by side; when one fails, none is left running."""
        servers: list[Server] = [self.nats, self.s3, self.postgres]  # PostgreSQL last: initdb blocks
        try:
            for server in servers:
                server.spawn()
            for server in servers:
                server.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for server in (self.s3, self.nats, self.postgres):
            server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def embedded_servers(directory: Path, *, durable: bool = False) -> EmbeddedServers:
    """A throwaway trio, started by `with` or `async with`. `durable` makes PostgreSQL fsync its commits."""
    return EmbeddedServers(directory, durable=durable)
