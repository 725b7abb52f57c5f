"""Making requests over NATS, and how every process of ours connects."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client

from contracts.envelope import Request
from contracts.errors import ServiceError
from kernel.logging import log
from kernel.tracing import CAUSATION_HEADER, CORRELATION_HEADER, current_trace

CODE_HEADER = "Error-Code"
DEADLINE_HEADER = "Deadline"
DEFAULT_TIMEOUT_S = 5.0
REQUIRE_TIMEOUT_S = 2.0
"""Less than whoever asks us waits: they hear that another service is away, and not nothing."""
FAULTS = 500
"""From this status on an error says that something is wrong here, and below it what is wrong with a request."""
NO_ONE_THERE_PAUSE_S = 0.05

AnyRequest = Request[Any]


class Caller:
    """Makes requests. Errors keep their code; a service that is not there is waited for until the deadline."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    async def call(self, request: AnyRequest, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> bytes:
        """The answer as the bytes it came in.

        Errors: the service's own; SERVICE_UNAVAILABLE when nobody answers to the subject; DEADLINE_EXCEEDED when the
        answer does not come in time (what was asked may still be done).
        """
        trace = current_trace()
        deadline = time.time() + timeout_s
        headers = {
            CORRELATION_HEADER: trace.correlation_id,
            CAUSATION_HEADER: trace.causation_id,
            DEADLINE_HEADER: str(int(deadline * 1000)),
        }
        body = request.model_dump_json().encode()
        while True:
            try:
                reply = await self._client().request(
                    request.SUBJECT, body, timeout=max(0.01, deadline - time.time()), headers=headers
                )
                break
            except nats.errors.NoRespondersError:  # it was not delivered, so trying again is safe
                if time.time() + NO_ONE_THERE_PAUSE_S > deadline:
                    raise ServiceError("SERVICE_UNAVAILABLE", "A part of the service is starting. Try again.") from None
                await asyncio.sleep(NO_ONE_THERE_PAUSE_S)
            except (TimeoutError, nats.errors.TimeoutError):
                raise ServiceError("DEADLINE_EXCEEDED", "The answer took too long. Please try again.") from None
            except nats.errors.Error as error:
                log.warning("a request could not be sent", subject=request.SUBJECT, error=repr(error))
                raise ServiceError("SERVICE_UNAVAILABLE", "The service is restarting. Please try again.") from None
        if reply.headers and (code := reply.headers.get(CODE_HEADER)):
            fault = json.loads(reply.data)
            raise ServiceError(code, fault["message"], fault["details"])
        return bytes(reply.data)

    async def ask(self, request: AnyRequest, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Any:
        """The answer as its model."""
        return type(request).reply_type().model_validate_json(await self.call(request, timeout_s=timeout_s))

    async def require(self, request: AnyRequest, *, away: str) -> None:
        """Ask another service for leave: nothing is answered but that it is given.

        Errors: as it was refused; SERVICE_UNAVAILABLE, with `away` as its message, whenever nobody can say.
        """
        try:
            await self.call(request, timeout_s=REQUIRE_TIMEOUT_S)
        except ServiceError as error:
            if error.status < FAULTS:
                raise
            raise ServiceError("SERVICE_UNAVAILABLE", away) from error


def connection_options(name: str) -> dict[str, Any]:
    """How every process of ours connects: it never gives up, and says so in its logs."""

    async def on_error(error: Exception) -> None:
        log.warning("nats", error=repr(error))

    async def on_disconnect() -> None:
        log.warning("the broker went away")

    return {
        "name": name,
        "allow_reconnect": True,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.2,
        "connect_timeout": 2,
        "ping_interval": 10,
        "max_outstanding_pings": 2,
        "drain_timeout": 10,
        "error_cb": on_error,
        "disconnected_cb": on_disconnect,
    }


async def connect_once(url: str) -> Client:
    """For commands of an operator: one try, and an error at once when nobody is there."""

    async def on_error(_: Exception) -> None:
        """It is raised as well."""

    return await nats.connect(
        url, connect_timeout=2, allow_reconnect=False, max_reconnect_attempts=1, error_cb=on_error
    )
