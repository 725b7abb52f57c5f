"""A command bus on a fresh database that holds only the kernel's tables."""

from collections.abc import AsyncIterator

import pytest

from kernel.commands import CommandBus
from kernel.db import Database
from tests.conftest import MakeDatabase
from tests.integration.kernel.counter import CODEC, no_projection


@pytest.fixture
async def database(make_database: MakeDatabase) -> AsyncIterator[Database]:
    opened = Database(await make_database("notify"))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def commands(database: Database) -> AsyncIterator[CommandBus]:
    bus = CommandBus(database, CODEC, no_projection)
    bus.start()
    yield bus
    await bus.close()
