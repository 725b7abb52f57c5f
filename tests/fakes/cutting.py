"""A wire that is cut: between a service and its database, at the moment that a test chooses."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Wire:
    """Passes everything on, and cuts all connections once, just before or after the `cut_at`-th message of a client.

    `cut_after`: the message still reaches the database, its answer reaches nobody.
    """

    url: str
    cut_at: int = 0
    cut_after: bool = False
    passed: int = 0
    was_cut: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def cut_url(self) -> str:
        parts = urlsplit(self.url)
        port = self._server.sockets[0].getsockname()[1]
        return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._cut()
        await self._server.wait_closed()

    def arm(self, cut_at: int, *, cut_after: bool) -> None:
        self.cut_at, self.cut_after, self.passed, self.was_cut = cut_at, cut_after, 0, False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self.url)
        to_reader, to_writer = await asyncio.open_connection(parts.hostname, parts.port)
        self._writers |= {writer, to_writer}
        with suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, to_writer, counted=True), self._pass(to_reader, writer))
        for open_writer in (writer, to_writer):
            self._writers.discard(open_writer)
            open_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                self.passed += counted
                is_due = counted and not self.was_cut and self.passed == self.cut_at
                if is_due and not self.cut_after:
                    self._cut()
                    return
                writer.write(chunk)
                await writer.drain()
                if is_due:
                    await asyncio.sleep(0.01)
                    self._cut()
                    return
        if not writer.is_closing():
            writer.close()

    def _cut(self) -> None:
        self.was_cut = True
        for writer in self._writers:
            writer.transport.abort()
