"""The mail sink as one more server of the stack: see `mail_sink.py`."""

import socket
import sys

from deploy.local.server import Server
from deploy.local.spawning import minimal_environment


class MailSink(Server):
    """Takes mail on its port, and keeps it as files in its directory."""

    name = "mail"

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "deploy.local.mail_sink", str(self.directory), str(self.port)]

    def environment(self) -> dict[str, str]:
        return minimal_environment() | {"PYTHONUNBUFFERED": "1"}

    def is_ready(self) -> bool:
        """Read its greeting and take leave."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                stream = connection.makefile("rwb")
                greeting = stream.readline()
                stream.write(b"QUIT\r\n")
                stream.flush()
                return greeting.startswith(b"220") and stream.readline().startswith(b"221")
        except OSError:
            return False
