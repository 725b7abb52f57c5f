"""JetStream as it is on a first day, for each test. To make all streams anew takes 40 ms, to see how few were used 3.

A stream that no test has written to, listened to or reshaped since it was declared is left as it is; any other is
deleted and declared anew, so that its numbers begin at 1 and it remembers no id.
"""

import asyncio

import nats
from nats.aio.client import Client
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import ServerError

from kernel.jetstream import declare_streams

PATIENCE_S = 10


class Streams:
    def __init__(self) -> None:
        self._declared: dict[str | None, StreamConfig] = {}

    async def clean(self, url: str) -> None:
        """Every stream declared and empty, no consumer left over, nothing else there."""
        client = await nats.connect(url)
        try:
            found = await client.jetstream().streams_info()
            used = [info for info in found if not self._is_untouched(info)]
            for info in used:
                await client.jetstream().delete_stream(str(info.config.name))
            if used or len(found) != len(self._declared) or not found:
                await _declare(client)
                self._declared = {info.config.name: info.config for info in await client.jetstream().streams_info()}
        finally:
            await client.close()

    def _is_untouched(self, info: StreamInfo) -> bool:
        is_as_declared = info.config == self._declared.get(info.config.name)
        return is_as_declared and info.state.last_seq == 0 and info.state.consumer_count == 0


async def _declare(client: Client) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await declare_streams(client)
            except ServerError:  # the folder of the stream that was deleted is still being removed
                await asyncio.sleep(0.05)
            else:
                return
