"""What the supervisor can run: a server, or a role of ours."""

import http.client
import signal
from dataclasses import dataclass
from typing import Protocol

from deploy.local.spawning import Identity


class Program(Protocol):
    """A program as its supervisor sees it. `deploy.local.server.Server` is one, `Role` another."""

    @property
    def identity(self) -> Identity: ...

    @property
    def stop_signal(self) -> signal.Signals: ...

    @property
    def death_signal(self) -> signal.Signals: ...

    def prepare(self) -> None:
        """Whatever has to happen before each start. Blocking."""

    def command(self) -> list[str]:
        """The program's absolute path and its arguments, without any secret."""

    def environment(self) -> dict[str, str]:
        """Its whole environment."""

    def is_ready(self) -> bool:
        """Whether it does its work. Blocks for a second at most."""


@dataclass(frozen=True)
class Role:
    """A process that says on its own port, at `/readyz`, when it is ready. Without a port it never is.

    `forkable`: its command is a Python interpreter and a script, and its first start may be a fork of the nursery.
    """

    arguments: tuple[str, ...]
    variables: dict[str, str]
    port: int | None = None
    forkable: bool = False
    identity: Identity = "same"
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL

    def prepare(self) -> None:
        return

    def command(self) -> list[str]:
        return list(self.arguments)

    def environment(self) -> dict[str, str]:
        return self.variables

    def is_ready(self) -> bool:
        if self.port is None:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
