"""HTTP by hand, for what a well-behaved client would not do."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

BOUNDARY = b"----boundary"


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        code: str = json.loads(self.body)["error"]["code"]
        return code


async def exchange(port: int, head: str, body: Iterable[bytes] = ()) -> RawAnswer:
    """Send all of the body, whatever comes meanwhile, and only then read: as phones do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    for piece in body:
        writer.write(piece)
        await writer.drain()
    async with asyncio.timeout(20):
        answer = await read_answer(reader)
    writer.close()
    return answer


async def read_answer(reader: asyncio.StreamReader) -> RawAnswer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return RawAnswer(int(head[0].split()[1]), headers, body)


def chunked(pieces: Iterable[bytes]) -> Iterable[bytes]:
    for piece in pieces:
        yield b"%x\r\n" % len(piece) + piece + b"\r\n"
    yield b"0\r\n\r\n"


def form_parts(fields: dict[str, Any], image: Iterable[bytes]) -> Iterable[bytes]:
    """A multipart body with the image last."""
    for name, value in fields.items():
        yield b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
            BOUNDARY,
            name.encode(),
            str(value).encode(),
        )
    yield (
        b'--%s\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" % BOUNDARY
    )
    yield from image
    yield b"\r\n--%s--\r\n" % BOUNDARY
