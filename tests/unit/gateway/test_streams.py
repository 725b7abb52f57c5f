"""A live stream says something now and then, so that nobody on the way takes it for dead."""

from typing import Any

import orjson

from contracts.rpc.jobs import GetJob
from gateway.apps.magicpic.following import Following
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.jobs import Jobs
from gateway.apps.magicpic.people import People
from gateway.apps.magicpic.shelf import Shelf
from gateway.services import Services
from gateway.tap import Tap
from kernel.caller import Caller

JOB = {"id": 5, "status": "processing", "progress": 10, "position": None, "creation": None}


class Answering(Caller):
    """Creation, for a job that does not move until it is cancelled."""

    def __init__(self) -> None:
        super().__init__(lambda: None)  # type: ignore[arg-type, return-value]  # never asked for
        self.job = dict(JOB)

    async def call(self, request: Any, *, timeout_s: float = 5) -> bytes:
        assert isinstance(request, GetJob)
        assert timeout_s > 0
        return orjson.dumps(self.job)


async def test_a_job_that_does_not_move_is_kept_alive_with_comments() -> None:
    caller, tap = Answering(), Tap(Services("nats://nowhere"), ())
    shelf = Shelf(caller, tap)
    jobs = Jobs(caller, Gallery(People(caller), shelf), Following(caller, tap), keep_alive_s=0.01)
    stream = jobs._stream(user_id=42, job_id=5, creation_ids=[5], first_id=1)
    heard = [await anext(stream) for _ in range(5)]
    assert heard[0].startswith(b"retry:")
    assert heard[1].startswith(b"id: 1\nevent: processing\ndata: {")
    assert heard[2:] == [b": keep-alive\n\n"] * 3
    caller.job["status"] = "cancelled"
    rest = [piece async for piece in stream if not piece.startswith(b":")]
    assert [piece.split(b"\n")[1] for piece in rest] == [b"event: cancelled"]
    assert tap.watched == 0
