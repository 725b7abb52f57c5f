"""Messages that no retry could help: kept with their reason, shown to an operator, replayed when the cause is gone."""

import json
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from contracts import subjects
from contracts.envelope import Envelope
from kernel.caller import CODE_HEADER

REPLAY_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`sequence` names it in the stream of dead letters."""

    sequence: int
    consumer: str
    source: str
    event_type: str
    event_id: str
    reason: str
    tries: int
    body: bytes


class DeadLetters:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream()

    async def all(self, limit: int = 1000) -> list[DeadLetter]:
        """The oldest first, at most `limit`."""
        state = (await self._jetstream.stream_info(subjects.DEAD_LETTERS)).state
        found: list[DeadLetter] = []
        sequence = max(1, state.first_seq)  # 0 in a stream that never held anything
        while sequence <= state.last_seq and len(found) < limit:
            try:
                message = await self._jetstream.get_msg(subjects.DEAD_LETTERS, sequence)
            except NotFoundError:  # replayed already
                pass
            else:
                found.append(_letter(message))
            sequence += 1
        return found

    async def replay(self, letter: DeadLetter) -> str | None:
        """Hand it to its consumer once more. None when it took effect (it is then removed), else why not."""
        subject = f"replay.{letter.consumer}.{letter.source}"
        try:
            reply = await self._client.request(subject, letter.body, timeout=REPLAY_TIMEOUT_S)
        except nats.errors.NoRespondersError:
            return f"{letter.consumer} is not running"
        except (TimeoutError, nats.errors.TimeoutError):
            return f"{letter.consumer} did not answer within {REPLAY_TIMEOUT_S} s"
        if CODE_HEADER in (reply.headers or {}):
            return str(json.loads(reply.data)["message"])
        await self._jetstream.delete_msg(subjects.DEAD_LETTERS, letter.sequence)
        return None


def _letter(message: RawStreamMsg) -> DeadLetter:
    headers = message.headers or {}
    body = message.data or b""
    try:
        envelope = Envelope.model_validate_json(body)
        event_type, event_id = envelope.type, str(envelope.id)
    except ValidationError:  # a batch of commands; or nonsense, which is why it is here
        event_type, event_id = headers["Dead-Subject"], ""
    return DeadLetter(
        sequence=message.seq or 0,
        consumer=(message.subject or "").removeprefix("dead."),
        source=headers["Dead-Source"],
        event_type=event_type,
        event_id=event_id,
        reason=headers["Dead-Reason"],
        tries=int(headers["Dead-Tries"]),
        body=body,
    )
