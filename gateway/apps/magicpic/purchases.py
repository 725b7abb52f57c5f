"""Buying credits."""

from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc import payments as rpc
from contracts.rpc.auth import Me
from gateway.answers import answer, cached_answer, envelope, etag_of, items_of, listing
from gateway.apps.magicpic import examples, money_examples, money_shapes, shapes
from gateway.documentation import Documentation
from gateway.repeats import KEY_HEADER, REPLAYED, idempotency_key
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller
from kernel.logging import log

TAG = "Credits"
PACKAGES_MAX_AGE_S = 3600
PROVIDER_TIMEOUT_S = 20.0
"""A payment provider is asked on the way."""
ME_TIMEOUT_S = 2.0


class Purchases:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/credits/packages",
        USER,
        Documentation(TAG, shapes.Listing[rpc.Package], examples.listing([money_examples.PACKAGE])),
    )
    async def packages(self, request: Request) -> Response:
        """List the packages of credits"""
        found = items_of(await self._caller.call(rpc.ListPackages()))
        body = listing(bytes(found.items), found.total)
        return cached_answer(request, body, PACKAGES_MAX_AGE_S, etag=etag_of(body))

    @endpoint(
        "POST",
        "/api/credits/purchase",
        USER,
        Documentation(
            TAG,
            shapes.Answer[money_shapes.OrderToPay],
            examples.answer(money_examples.ORDER),
            errors=(
                "VALIDATION_ERROR",
                "PAYMENT_METHOD_UNSUPPORTED",
                "PAYMENT_FAILED",
                "PACKAGE_NOT_FOUND",
                "IDEMPOTENCY_CONFLICT",
                "BODY_TOO_LARGE",
                "PAYMENTS_OFF",
            ),
            extra={"parameters": [KEY_HEADER]},
        ),
    )
    async def purchase(self, request: Request, body: money_shapes.PurchaseBody) -> Response:
        """Begin to buy credits

        Makes an order at the payment provider, at our price. Open its checkout with the answer.
        """
        command = rpc.Purchase(user_id=user_of(request), idempotency_key=idempotency_key(request), **body.model_dump())
        order: rpc.OrderToPay = await self._caller.ask(command, timeout_s=PROVIDER_TIMEOUT_S)
        told = {
            "order_id": order.order_id,
            "razorpay_key": order.public_key,
            "amount": order.amount,
            "currency": order.currency,
            "prefill": await prefill(self._caller, user_of(request)),
            "checkout_url": order.checkout_url,
        }
        return answer(envelope(orjson.dumps(told)), headers=REPLAYED if order.replayed else None)

    @endpoint(
        "POST",
        "/api/credits/purchase/verify",
        USER,
        Documentation(
            TAG,
            shapes.Answer[money_shapes.Purchased],
            examples.answer(money_examples.PURCHASED, "Payment successful! 1500 credits added."),
            errors=("VALIDATION_ERROR", "PAYMENT_FAILED", "BODY_TOO_LARGE", "PAYMENTS_OFF"),
        ),
    )
    async def verify_purchase(self, request: Request, body: money_shapes.VerifyBody) -> Response:
        """Tell that I have paid

        With what the checkout gave. The provider is asked, too; the credits are added once, however often this is told,
        and even if it never is.
        """
        command = rpc.VerifyPurchase(user_id=user_of(request), **body.model_dump())
        reply = await self._caller.call(command, timeout_s=PROVIDER_TIMEOUT_S)
        added = orjson.loads(reply)["credits_added"]
        return answer(envelope(reply, f"Payment successful! {added} credits added."))


async def prefill(caller: Caller, user_id: int) -> dict[str, str]:
    """Whom the checkout may name already; empty when auth is away, which keeps nobody from paying."""
    user: dict[str, Any] = {}
    try:
        user = orjson.loads(await caller.call(Me(user_id=user_id), timeout_s=ME_TIMEOUT_S))
    except ServiceError as error:
        log.warning("a checkout is not filled in", code=error.code)
    return {"name": user.get("name") or "", "email": user.get("email") or ""}
