"""The way to the services: one NATS connection, over which they are asked and overheard."""

import asyncio
from collections.abc import Callable

import nats
from nats.aio.client import Client

from contracts.errors import ServiceError
from kernel.caller import Caller, connection_options
from kernel.logging import log

CLOSE_S = 5


class Services:
    """`caller` makes requests. It may be used before the broker is there: it says SERVICE_UNAVAILABLE until then."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Client | None = None
        self._on_change: list[Callable[[], None]] = []
        self.caller = Caller(self.connected)

    def connected(self) -> Client:
        if self._client is None:
            raise ServiceError("SERVICE_UNAVAILABLE", "The service is starting. Please try again.")
        return self._client

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def on_change(self, callback: Callable[[], None]) -> None:
        """Called when the connection is lost, when it is back, and when messages may have been missed."""
        self._on_change.append(callback)

    async def connect(self) -> None:
        """Returns when the broker is there, however late that is."""
        options = connection_options("gateway")
        told_lost, told_error = options.pop("disconnected_cb"), options.pop("error_cb")

        async def lost() -> None:
            if self._client is not None:  # else it is we who went away
                await told_lost()
                self._tell()

        async def back() -> None:
            log.info("the broker is back")
            self._tell()

        async def error(problem: Exception) -> None:
            await told_error(problem)
            if self.is_connected:
                self._tell()  # messages came faster than we took them, perhaps, and were dropped

        self._client = await nats.connect(
            self._url, disconnected_cb=lost, reconnected_cb=back, error_cb=error, **options
        )

    async def close(self) -> None:
        if self._client is None:
            return
        client, self._client = self._client, None
        try:
            async with asyncio.timeout(CLOSE_S):
                await client.close()
        except TimeoutError:
            log.warning("the connection to the broker did not close in time")

    def _tell(self) -> None:
        for callback in self._on_change:
            callback()
