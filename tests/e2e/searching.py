"""A search through everything that a stack keeps: databases, streams, objects, logs and mails.

What PostgreSQL has deleted and not yet overwritten (dead rows, its write-ahead log) is not looked into.
"""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import nats
from nats.js.errors import NotFoundError

from contracts.subjects import SERVICES
from kernel.objects import Objects
from tests.stack import Stack

ALL_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
Thing = tuple[str, bytes]
"""Where something is kept, and what."""


class Needles:
    """What to look for, by what it is called: texts in whatever case, as they are, in hex, and as URLs write them."""

    def __init__(self, texts: Mapping[str, str], pieces: Mapping[str, bytes]) -> None:
        self._forms: dict[str, list[bytes]] = {}
        for name, text in texts.items():
            low = text.lower()
            forms = {
                low.encode(),
                text.encode().hex().encode(),
                low.encode().hex().encode(),
                quote(low).lower().encode(),
            }
            self._forms[name] = sorted(forms)
        self._pieces = dict(pieces)

    @property
    def names(self) -> set[str]:
        return {*self._forms, *self._pieces}

    def found_in(self, content: bytes) -> list[str]:
        low = content.lower()
        texts = [name for name, forms in self._forms.items() if any(form in low for form in forms)]
        return texts + [name for name, piece in self._pieces.items() if piece in content]


async def search(stack: Stack, needles: Needles) -> dict[str, set[str]]:
    """The places where each needle was found."""
    found: dict[str, set[str]] = {}
    async for place, content in everything(stack):
        for name in needles.found_in(place.encode() + b"\n" + content):
            found.setdefault(name, set()).add(place)
    return found


async def everything(stack: Stack) -> AsyncIterator[Thing]:
    for source in (_rows(stack), _messages(stack), _objects(stack)):
        async for thing in source:
            yield thing
    for thing in _files(stack):
        yield thing


async def _rows(stack: Stack) -> AsyncIterator[Thing]:
    admin = urlsplit(stack.variables["MAGICPIC_POSTGRES_ADMIN_URL"])
    for database in (*SERVICES, "postgres"):
        connection = await asyncpg.connect(urlunsplit(admin._replace(path=f"/{database}")))
        try:
            for schema, table in await connection.fetch(ALL_TABLES):
                for (row,) in await connection.fetch(f'SELECT t::text FROM "{schema}"."{table}" t'):  # noqa: S608
                    yield f"database {database}, table {table}", row.encode()
        finally:
            await connection.close()


async def _messages(stack: Stack) -> AsyncIterator[Thing]:
    """Key-value buckets and object stores are streams, too."""
    client = await nats.connect(stack.variables["MAGICPIC_NATS_URL"])
    try:
        jetstream = client.jetstream()
        for info in await jetstream.streams_info():
            for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
                try:
                    message = await jetstream.get_msg(str(info.config.name), sequence)
                except NotFoundError:
                    continue
                content = f"{message.subject}\n{message.headers}\n".encode() + (message.data or b"")
                yield f"stream {info.config.name}, message {sequence}", content
    finally:
        await client.close()


def objects_of(stack: Stack) -> Objects:
    names = ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET", "REGION")
    endpoint, access_key, secret_key, bucket, region = (stack.variables[f"MAGICPIC_S3_{name}"] for name in names)
    return Objects(endpoint, access_key, secret_key, bucket, region)


async def _objects(stack: Stack) -> AsyncIterator[Thing]:
    objects = objects_of(stack)
    for key in await objects.keys():
        try:
            content = await objects.get(key)
        except KeyError:  # it went meanwhile
            continue
        yield f"object {key}", content
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield f"object {key}, {name}", archive.read(name)


def _files(stack: Stack) -> Iterator[Thing]:
    """Logs, mails, and whatever else lies in the state directory beside the servers' own data."""
    for path in sorted(stack.state.path.rglob("*")):
        if path.is_file() and not _is_a_servers(path, stack.state.path):
            yield f"file {path.relative_to(stack.state.path)}", path.read_bytes()


def _is_a_servers(path: Path, state: Path) -> bool:
    parts = path.relative_to(state).parts
    return "data" in parts or "data.new" in parts


async def until_clean(stack: Stack, needles: Needles, within_s: float = 45) -> None:
    """Search until nothing is found, or say loudly what was found where."""
    deadline = asyncio.get_running_loop().time() + within_s
    while found := await search(stack, needles):
        if asyncio.get_running_loop().time() > deadline:
            lines = [
                f"  {name.upper()} IN {place}" for name, places in sorted(found.items()) for place in sorted(places)
            ]
            raise AssertionError("\n".join(["The person has left, but there still is:", *lines]))
        await asyncio.sleep(1)
