"""Real servers for every test that needs them: started once, and clean for each test.

A service's database is cloned from a migrated template; JetStream's streams are empty; every test has its bucket.
"""

import gc
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
import pytest
from xdist.scheduler import LoadScopeScheduling

from deploy.local import ports
from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.db import admin_url_of
from kernel.logging import configure_logging
from kernel.objects import Objects
from tests.databases import Databases
from tests.streams import Streams

# Any other word than these two is a KeyError: nobody is to believe that containers were tested when they were not.
IN_CONTAINERS = {"embedded": False, "containers": True}[os.environ.get("MAGICPIC_TEST_SERVERS", "embedded")]
if TYPE_CHECKING or IN_CONTAINERS:  # the engine's client takes longer to import than the embedded servers to start
    from tests.containers.servers import ContainerServers

configure_logging("tests", "WARNING")
# Workers choose ports for servers that start later: each from its own, or two would now and then choose the same.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
ports.THROWAWAY_PORTS = ports.THROWAWAY_PORTS[_WORKER * 1500 :][:1500]
MakeDatabase = Callable[[str], Awaitable[str]]
Servers: TypeAlias = "EmbeddedServers | ContainerServers"

collect_ignore = ["integration/deploy"] if IN_CONTAINERS else []


def pytest_configure(config: pytest.Config) -> None:
    if IN_CONTAINERS:
        # For an instant after a server's end the engine's proxy still takes connections, and ends them without a word.
        # nats-py 2.16 then leaves its side open. On embedded servers, where the same tests run, it stays an error.
        config.addinivalue_line("filterwarnings", "ignore:unclosed <StreamWriter:ResourceWarning")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Two workers start a whole stack, since that takes long. Other files go to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        whole_stack = re.match(r"tests/e2e/(.)", file)
        return f"stack {whole_stack[1] < 'd'}" if whole_stack else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, and small files come last: else one worker would still be at a large one."""
    items.sort(key=lambda item: (not item.nodeid.startswith("tests/e2e/"), item.nodeid.startswith("tests/unit/")))


def pytest_collection_finish() -> None:
    """What has been imported stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    if IN_CONTAINERS:
        return "servers: containers; left out: tests/integration/deploy, which is about the embedded servers themselves"
    return "servers: embedded (MAGICPIC_TEST_SERVERS=containers runs them in containers)"


@pytest.fixture(autouse=True)
def same_environment() -> Iterator[None]:
    """A command that a test runs in this process finds the stack of the checkout, and would tell all tests of it."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL, NATS and S3, started once for the whole run: in containers with MAGICPIC_TEST_SERVERS=containers."""
    if IN_CONTAINERS:
        with ContainerServers() as running:
            yield running
    else:
        with embedded_servers(tmp_path_factory.mktemp("servers")) as embedded:
            yield embedded


@pytest.fixture
async def owner_of(servers: Servers) -> AsyncIterator[Callable[[str], Awaitable[asyncpg.Connection]]]:
    """A connection to a service's database as its owner, for what the service itself may not do."""
    opened: list[asyncpg.Connection] = []

    async def connect(url: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(admin_url_of(servers.postgres.admin_url, url))
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        await connection.close()


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Databases:
    return Databases(servers)


@pytest.fixture
async def make_database(databases: Databases) -> AsyncIterator[MakeDatabase]:
    """Makes fresh, migrated databases, and gives their URLs as the service's own role."""
    urls: list[str] = []

    async def make(service: str) -> str:
        urls.append(await databases.lend(service))
        return urls[-1]

    yield make
    for url in urls:
        await databases.take_back(url)


@pytest.fixture(scope="session")
def streams() -> Streams:
    return Streams()


@pytest.fixture
async def nats_url(servers: Servers, streams: Streams) -> str:
    """The broker, with every stream declared and empty and no consumer left over."""
    await streams.clean(servers.nats.url)
    return servers.nats.url


@pytest.fixture
async def objects(servers: Servers) -> Objects:
    """A bucket of the test's own."""
    bucket = Objects(
        servers.s3.endpoint, servers.s3.access_key, servers.s3.secret_key, f"b{uuid.uuid4().hex[:12]}", "us-east-1"
    )
    await bucket.make_bucket()
    return bucket
