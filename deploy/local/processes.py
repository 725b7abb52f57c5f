"""Everything that the embedded stack runs, as one table."""

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.mail import MailSink
from deploy.local.nats import Nats
from deploy.local.postgres import Postgres
from deploy.local.program import Program, Role
from deploy.local.s3 import S3

MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc: few arenas, and what was freed goes back to the system. Pictures come and go in many threads.

For what runs long: to fetch the memory again takes as long as to paint, and `init` paints the catalog's previews."""


@dataclass(frozen=True)
class Context:
    """What a program may need to know of its stack."""

    path: Path
    secrets: Mapping[str, str]
    ports: Mapping[str, int]
    variables: Mapping[str, str]
    """How to reach the stack (deploy.local.environment), without what differs between processes."""


@dataclass(frozen=True)
class Process:
    """One line of the table.

    It starts when all of `needs` are ready. Those of a higher `stage` are stopped first; those of one stage, together.
    `once`: it does its work and ends with 0, and only then counts as ready. When it already succeeded for this very
    source code, nothing waits for it: it runs again after everything else is ready, and its failure is only told.
    """

    name: str
    program: Callable[[Context], Program]
    stage: int
    port: int | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    port_variable: str | None = None
    """A variable of the user's that names the port to prefer."""


def magicpic(*arguments: str, name: str, forkable: bool = False) -> Callable[[Context], Program]:
    """A `magicpic` command; the port named `name` becomes its own."""

    def build(context: Context) -> Program:
        script = str(Path(sysconfig.get_path("scripts")) / "magicpic")
        variables = {**(MEMORY if forkable else {}), **os.environ, **context.variables, "PYTHONUNBUFFERED": "1"}
        port = context.ports.get(name)
        if port is not None and name == "gateway":
            variables["MAGICPIC_GATEWAY_PORT"] = str(port)
        elif port is not None:
            variables |= {"MAGICPIC_HTTP_HOST": "127.0.0.1", "MAGICPIC_HTTP_PORT": str(port)}
        return Role((sys.executable, script, *arguments), variables, port, forkable)

    return build


def role(name: str, *, stage: int, port: int, port_variable: str | None = None) -> Process:
    program = magicpic("serve", name, name=name, forkable=True)
    return Process(name, program, stage=stage, port=port, needs=("init",), port_variable=port_variable)


def postgres(context: Context) -> Program:
    password = context.secrets["postgres_admin_password"]
    return Postgres(context.path / "postgres", context.ports["postgres"], password=password)


def nats(context: Context) -> Program:
    return Nats(context.path / "nats", context.ports["nats"], password=context.secrets["nats_password"])


def s3(context: Context) -> Program:
    secrets = context.secrets
    return S3(
        context.path / "s3",
        context.ports["s3"],
        access_key=secrets["s3_access_key"],
        secret_key=secrets["s3_secret_key"],
    )


def mail(context: Context) -> Program:
    return MailSink(context.path / "mail", context.ports["mail"])


# Default ports lie below Linux's ephemeral range (32768 to 60999): see deploy.local.ports.
PROCESSES = (
    Process("postgres", postgres, stage=0, port=15432),
    Process("nats", nats, stage=0, port=14222),
    Process("s3", s3, stage=0, port=9000),
    Process("mail", mail, stage=0, port=12525),
    Process("init", magicpic("init", name="init"), stage=1, needs=("postgres", "nats", "s3"), once=True),
    role("auth", stage=2, port=8101),
    role("catalog", stage=2, port=8102),
    role("ledger", stage=2, port=8103),
    role("creation", stage=2, port=8104),
    role("creation-worker", stage=2, port=8105),
    role("battle", stage=2, port=8106),
    role("notify", stage=2, port=8107),
    role("gateway", stage=3, port=8000, port_variable="MAGICPIC_GATEWAY_PORT"),
)

# What most roles import, for the nursery. Nothing here may draw a random number, start a thread or open a connection
# when it is imported: each fork would have the same.
PRELOAD = ("cli.main", "cli.serve", "minio")
