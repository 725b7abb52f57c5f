"""A stand-in for Google's image API over real HTTP: it answers what it is told to, and remembers what it was asked.

It speaks `POST /v1/models/{model}:generateContent` (v1beta too) by hand on asyncio streams, so that hundreds of
requests may wait in it at next to no cost. For a load test, run it as a process of its own:

    python -m tests.fakes.gemini --port 9000 --delay-ms 2000
"""

import argparse
import asyncio
import base64
import io
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from PIL import Image

_PATH = re.compile(r"/v1(?:beta)?/models/(?P<model>[^:/]+):generateContent")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    502: "Bad Gateway",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back, after `delay_ms`; with `hang` the answer never comes."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=UTF-8"
    delay_ms: int = 0
    hang: bool = False

    def after(self, delay_ms: int) -> "Answer":
        return replace(self, delay_ms=delay_ms)


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `body` is kept only while `keep_bodies` holds: a load test would fill the memory with photos."""

    path: str
    model: str
    headers: dict[str, str]
    body_bytes: int
    body: dict[str, Any] | None

    @property
    def prompt(self) -> str:
        return "".join(part.get("text", "") for part in self._parts())

    @property
    def photo(self) -> bytes:
        photos = [part["inlineData"]["data"] for part in self._parts() if "inlineData" in part]
        return b"".join(base64.urlsafe_b64decode(data) for data in photos)  # google-genai writes the URL-safe alphabet

    def _parts(self) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = (self.body or {})["contents"][0]["parts"]
        return parts


def a_picture(size: tuple[int, int] = (64, 48), kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def in_json(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status)


def image_part(data: bytes, content_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": content_type, "data": base64.b64encode(data).decode()}}


def parts(*of_answer: dict[str, Any], reason: str = "STOP") -> Answer:
    return in_json({"candidates": [{"content": {"role": "model", "parts": list(of_answer)}, "finishReason": reason}]})


def picture(data: bytes | None = None, content_type: str = "image/png") -> Answer:
    return parts({"text": "Here it is."}, image_part(a_picture() if data is None else data, content_type))


def finished(reason: str) -> Answer:
    """A candidate without content: IMAGE_SAFETY, NO_IMAGE and their like."""
    return in_json({"candidates": [{"finishReason": reason, "index": 0}]})


def blocked(reason: str) -> Answer:
    """The prompt itself was refused."""
    return in_json({"promptFeedback": {"blockReason": reason}})


def empty() -> Answer:
    return in_json({"candidates": []})


def error(status: int, name: str, *, retry_delay: str | None = None) -> Answer:
    """Google's JSON error. `retry_delay` is a protobuf duration: "2s", "0.25s"."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}
    details = [info] if retry_delay else []
    return in_json({"error": {"code": status, "message": "secret words", "status": name, "details": details}}, status)


def html(status: int = 502) -> Answer:
    return Answer(b"<html><body><h1>502 Bad Gateway</h1>secret words</body></html>", status, "text/html")


def garbage() -> Answer:
    return Answer(b"\x00\xff{not json at all")


def hang() -> Answer:
    return Answer(b"", hang=True)


@dataclass
class FakeGemini:
    """Answers from `script` in order and then `otherwise`, or by the model's name where `by_model` has it.

    Use it as an async context manager; `base_url` is for `GeminiPainter`.
    """

    script: deque[Answer] = field(default_factory=deque)
    otherwise: Answer = field(default_factory=picture)
    by_model: dict[str, Answer] = field(default_factory=dict)
    keep_bodies: bool = True
    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=10_000))
    in_flight: int = 0
    most_in_flight: int = 0
    on_request: Callable[[], None] = lambda: None

    async def start(self, port: int = 0) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=1024 * 1024, backlog=2048)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (answer := await self._read(reader)) is not None:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    await self._wait(answer, reader)
                finally:
                    self.in_flight -= 1
                writer.write(_head(answer) + answer.body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as clients do
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Answer | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path = head[0].split(" ")[1]
        match = _PATH.fullmatch(path)
        if match is None:
            return error(404, "NOT_FOUND")
        kept = json.loads(body) if self.keep_bodies else None
        self.requests.append(Received(path, match["model"], headers, len(body), kept))
        self.on_request()
        return self.by_model.get(match["model"]) or (self.script.popleft() if self.script else self.otherwise)

    async def _wait(self, answer: Answer, reader: asyncio.StreamReader) -> None:
        if answer.delay_ms:
            await asyncio.sleep(answer.delay_ms / 1000)
        if answer.hang:
            await reader.read()  # until the client hangs up
            raise ConnectionError


def _head(answer: Answer) -> bytes:
    reason = _REASONS.get(answer.status, "Other")
    kind = f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}"
    return f"HTTP/1.1 {answer.status} {reason}\r\n{kind}\r\n\r\n".encode()


async def _main() -> None:
    parser = argparse.ArgumentParser(description="A fake of Google's image API, with a fixed delay.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=int, default=2000)
    parser.add_argument("--size-pixels", type=int, default=512)
    options = parser.parse_args()
    side = options.size_pixels
    fake = FakeGemini(otherwise=picture(a_picture((side, side), "JPEG"), "image/jpeg").after(options.delay_ms))
    fake.keep_bodies = False
    await fake.start(options.port)
    print(fake.base_url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
