"""Tables of processes for the supervisor's tests: the real servers, and small programs in place of the real roles."""

import sys
from collections.abc import Callable
from pathlib import Path

from deploy.local.processes import Context, Process, nats, postgres, s3
from deploy.local.program import Program, Role
from deploy.local.spawning import minimal_environment

SCRIPT = Path(__file__).with_name("dummy_role.py")
PRELOAD = ("http.server",)


def dummy(name: str) -> Callable[[Context], Program]:
    """A program that is ready as soon as it listens, and lives until it is told to stop."""

    def build(context: Context) -> Program:
        port = context.ports[name]
        return Role((sys.executable, str(SCRIPT), str(port), name), minimal_environment(), port, forkable=True)

    return build


def shell(source: str) -> Callable[[Context], Program]:
    """A line of shell, run in the state directory. It never says that it is ready."""

    def build(context: Context) -> Program:
        return Role(("/bin/sh", "-c", f"cd {context.path}; {source}"), minimal_environment())

    return build


WITH_SERVERS = (
    Process("postgres", postgres, stage=0, port=29432),
    Process("nats", nats, stage=0, port=29422),
    Process("s3", s3, stage=0, port=29400),
    Process("init", shell("echo done >> init.runs"), stage=1, needs=("postgres", "nats", "s3"), once=True),
    Process("auth", dummy("auth"), stage=2, port=29101, needs=("init",)),
    Process("gateway", dummy("gateway"), stage=3, port=29000, needs=("init",)),
)
"""The shape of the real table."""

SMALL = (
    Process("init", shell("echo done >> init.runs"), stage=1, once=True),
    Process("auth", dummy("auth"), stage=2, port=29201, needs=("init",)),
    Process("gateway", dummy("gateway"), stage=3, port=29202, needs=("init",)),
)
"""The same without servers, for what has nothing to do with them."""

INIT_FAILS = (
    Process("init", shell("echo the moon is wrong; exit 4"), stage=1, once=True),
    Process("auth", dummy("auth"), stage=2, port=29301, needs=("init",)),
)

WAITS_THE_SECOND_TIME = "echo >> init.runs; while [ $(wc -l < init.runs) = 2 ] && ! [ -e go ]; do sleep 0.02; done"
INIT_IS_SLOW = (
    Process("init", shell(WAITS_THE_SECOND_TIME), stage=1, once=True),
    Process("auth", dummy("auth"), stage=2, port=29401, needs=("init",)),
)
"""Its second run takes until the file `go` appears."""

INIT_FAILS_LATER = (
    Process("init", shell("echo >> init.runs; [ $(wc -l < init.runs) = 1 ]"), stage=1, once=True),
    Process("auth", dummy("auth"), stage=2, port=29601, needs=("init",)),
)
"""Only its first run succeeds."""

HAS_A_GRANDCHILD = (
    Process("auth", dummy("auth"), stage=2, port=29501),
    Process("parent", shell("sleep 1000 & echo $! > grandchild.pid; wait"), stage=2),
)
