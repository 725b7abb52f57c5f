"""What payment providers and ad networks call. They prove themselves by signatures over the raw request."""

import asyncio

from fastapi import Request
from starlette.responses import Response

from contracts.rpc.payments import HearAdNetwork, HearProvider, ProviderName
from gateway.answers import answer, done
from gateway.apps.magicpic import examples, shapes
from gateway.bodies import bounded
from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.routing import Access, endpoint
from kernel.caller import Caller

TAG = "Webhooks"
PROVIDER = Access(signed_in=False, rate="webhook")
HEARD = "Heard."
MAX_BODY_BYTES = 256 * 1024
LONGEST_SIGNATURE = 2048
HEAR_TIMEOUT_S = 8.0
"""Razorpay wants its answer within 5 seconds, and calls again if it must."""
_ERRORS = ("VALIDATION_ERROR", "INVALID_SIGNATURE", "REQUEST_TIMEOUT", "BODY_TOO_LARGE", "PAYMENTS_OFF")


class Webhooks:
    def __init__(self, caller: Caller, *, body_timeout_s: float) -> None:
        self._caller = caller
        self._body_timeout_s = body_timeout_s

    @endpoint(
        "POST",
        "/api/webhooks/razorpay",
        PROVIDER,
        Documentation(TAG, shapes.Done, examples.done(HEARD), errors=_ERRORS),
    )
    async def razorpay(self, request: Request) -> Response:
        """For Razorpay: payments, refunds, disputes, subscriptions

        Signed in `X-Razorpay-Signature`. Each event has its effect once, in whatever order they come.
        """
        return await self._hear(
            request, "razorpay", request.headers.get("x-razorpay-signature"), request.headers.get("x-razorpay-event-id")
        )

    @endpoint(
        "POST",
        "/api/webhooks/stripe",
        PROVIDER,
        Documentation(TAG, shapes.Done, examples.done(HEARD), errors=_ERRORS),
    )
    async def stripe(self, request: Request) -> Response:
        """For Stripe: payments, refunds, disputes, subscriptions

        Signed in `Stripe-Signature`, with a time that must not be old.
        """
        return await self._hear(request, "stripe", request.headers.get("stripe-signature"), None)

    @endpoint(
        "GET",
        "/api/webhooks/admob",
        PROVIDER,
        Documentation(TAG, shapes.Done, examples.done(HEARD), errors=("INVALID_SIGNATURE", "ADS_OFF")),
    )
    async def admob(self, request: Request) -> Response:
        """For AdMob: an ad was watched to its end

        Server-side verification: what is signed is the raw query string.
        """
        query = request.scope["query_string"].decode("latin-1")
        if len(query) > MAX_BODY_BYTES:
            raise Refused("INVALID_SIGNATURE")
        await self._caller.call(HearAdNetwork(network="admob", query=query), timeout_s=HEAR_TIMEOUT_S)
        return answer(done(HEARD))

    async def _hear(
        self, request: Request, provider: ProviderName, signature: str | None, event_id: str | None
    ) -> Response:
        if not signature or len(signature) > LONGEST_SIGNATURE:
            raise Refused("INVALID_SIGNATURE")
        command = HearProvider(
            provider=provider, body=await self._body(request), signature=signature, event_id=(event_id or "")[:200]
        )
        await self._caller.call(command, timeout_s=HEAR_TIMEOUT_S)
        return answer(done(HEARD))

    async def _body(self, request: Request) -> str:
        """Exactly as it came: the signature is over its bytes."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_timeout_s):
                async for piece in bounded(request, MAX_BODY_BYTES, Refused("BODY_TOO_LARGE")):
                    body += piece
        except TimeoutError:
            raise Refused("REQUEST_TIMEOUT") from None
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise Refused("INVALID_SIGNATURE") from None
