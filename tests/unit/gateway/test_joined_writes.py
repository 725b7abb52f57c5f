"""A response's head and body leave together, and neither waits for what does not come."""

import asyncio
from typing import Any

from gateway.server import JoinedWrites


class Sent:
    """A transport that remembers each call of the system."""

    def __init__(self) -> None:
        self.calls: list[bytes | str] = []
        self.gone = False

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, parts: list[bytes]) -> None:
        self.calls.append(b"".join(parts))

    def close(self) -> None:
        self.calls.append("closed")

    def is_closing(self) -> bool:
        return self.gone

    def get_extra_info(self, name: str) -> Any:
        return name


def joined(sent: Sent) -> JoinedWrites:
    return JoinedWrites(sent)  # type: ignore[arg-type]


async def test_head_and_body_are_one_call() -> None:
    sent = Sent()
    transport = joined(sent)
    transport.write(b"head ")
    transport.write(b"body")
    assert sent.calls == [b"head body"]
    await asyncio.sleep(0)
    assert sent.calls == [b"head body"]


async def test_a_head_whose_body_comes_later_is_sent_at_once() -> None:
    sent = Sent()
    transport = joined(sent)
    transport.write(b"head")
    await asyncio.sleep(0)
    assert sent.calls == [b"head"]
    transport.write(b"an event")
    await asyncio.sleep(0)
    assert sent.calls == [b"head", b"an event"]


async def test_much_that_is_written_in_one_turn_does_not_pile_up() -> None:
    """So that the transport can say that its buffer is full."""
    sent = Sent()
    transport = joined(sent)
    for number in range(5):
        transport.write(b"%d" % number)
    assert sent.calls == [b"01", b"23"]
    await asyncio.sleep(0)
    assert sent.calls == [b"01", b"23", b"4"]


async def test_what_waits_is_sent_before_the_end() -> None:
    sent = Sent()
    transport = joined(sent)
    transport.write(b"goodbye")
    transport.close()
    await asyncio.sleep(0)
    assert sent.calls == [b"goodbye", "closed"]


async def test_nothing_is_sent_to_a_client_that_has_gone() -> None:
    sent = Sent()
    joined(sent).write(b"head")
    sent.gone = True
    await asyncio.sleep(0)
    assert sent.calls == []


async def test_an_empty_body_sends_nothing_of_its_own() -> None:
    sent = Sent()
    transport = joined(sent)
    transport.write(b"")
    await asyncio.sleep(0)
    assert sent.calls == []


async def test_all_else_is_the_transports_own() -> None:
    assert joined(Sent()).get_extra_info("peername") == "peername"
