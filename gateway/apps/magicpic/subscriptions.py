"""Subscriptions: credits every month."""

from typing import Annotated, Literal

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import payments as rpc
from gateway.answers import Paging, answer, envelope, items_of, listing
from gateway.apps.magicpic import examples, money_examples, money_shapes, shapes
from gateway.apps.magicpic.purchases import PROVIDER_TIMEOUT_S, prefill
from gateway.documentation import Documentation
from gateway.routing import USER, endpoint, user_of
from kernel.caller import Caller

TAG = "Subscriptions"
_ONE = (shapes.Answer[rpc.Subscription | None], examples.answer(money_examples.SUBSCRIPTION))
_CHANGE_ERRORS = ("NOT_FOUND", "SUBSCRIPTION_STATE", "PAYMENTS_OFF")


class Subscriptions:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/subscriptions/plans",
        USER,
        Documentation(TAG, shapes.Listing[rpc.SubscriptionPlan], examples.listing([money_examples.PLAN])),
    )
    async def plans(self, _: Request) -> Response:
        """List the plans"""
        found = items_of(await self._caller.call(rpc.ListPlans()))
        return answer(listing(bytes(found.items), found.total))

    @endpoint("GET", "/api/subscriptions/current", USER, Documentation(TAG, *_ONE))
    async def subscription(self, request: Request) -> Response:
        """Show my subscription

        `data` is null when there is none.
        """
        return _answer(await self._caller.call(rpc.GetSubscription(user_id=user_of(request))))

    @endpoint(
        "POST",
        "/api/subscriptions",
        USER,
        Documentation(
            TAG,
            shapes.Answer[money_shapes.SubscriptionToPay],
            examples.answer(money_examples.SUBSCRIPTION_TO_PAY),
            errors=(
                "VALIDATION_ERROR",
                "PAYMENT_METHOD_UNSUPPORTED",
                "PAYMENT_FAILED",
                "PLAN_NOT_FOUND",
                "SUBSCRIPTION_EXISTS",
                "BODY_TOO_LARGE",
                "PAYMENTS_OFF",
            ),
        ),
    )
    async def subscribe(self, request: Request, body: money_shapes.SubscribeBody) -> Response:
        """Begin a subscription

        Open the provider's checkout with the answer; credits come when the first month is paid.
        """
        command = rpc.Subscribe(user_id=user_of(request), **body.model_dump())
        made: rpc.SubscriptionToPay = await self._caller.ask(command, timeout_s=PROVIDER_TIMEOUT_S)
        told = {
            "subscription_id": made.provider_subscription_id,
            "razorpay_key": made.public_key,
            "checkout_url": made.checkout_url,
            "prefill": await prefill(self._caller, user_of(request)),
        }
        return answer(envelope(orjson.dumps(told)))

    @endpoint(
        "POST",
        "/api/subscriptions/change",
        USER,
        Documentation(
            TAG,
            *_ONE,
            errors=(
                "VALIDATION_ERROR",
                "PAYMENT_METHOD_UNSUPPORTED",
                "PLAN_NOT_FOUND",
                "BODY_TOO_LARGE",
                *_CHANGE_ERRORS,
            ),
        ),
    )
    async def change_plan(self, request: Request, body: money_shapes.ChangePlanBody) -> Response:
        """Change the plan

        From the next month on.
        """
        return await self._change(request, "change", body.plan_id)

    @endpoint("POST", "/api/subscriptions/cancel", USER, Documentation(TAG, *_ONE, errors=_CHANGE_ERRORS))
    async def cancel_subscription(self, request: Request) -> Response:
        """End my subscription with the month that is paid"""
        return await self._change(request, "cancel", None)

    @endpoint("POST", "/api/subscriptions/resume", USER, Documentation(TAG, *_ONE, errors=_CHANGE_ERRORS))
    async def resume_subscription(self, request: Request) -> Response:
        """Let my subscription go on after all"""
        return await self._change(request, "resume", None)

    @endpoint(
        "GET",
        "/api/subscriptions/history",
        USER,
        Documentation(
            TAG,
            shapes.PagedListing[rpc.SubscriptionEntry],
            examples.paged([money_examples.SUBSCRIPTION_ENTRY]),
            errors=("VALIDATION_ERROR",),
        ),
    )
    async def subscription_history(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """List what has happened to my subscriptions

        Newest first.
        """
        command = rpc.ListSubscriptionHistory(user_id=user_of(request), **query.model_dump())
        found = items_of(await self._caller.call(command))
        return answer(listing(bytes(found.items), found.total, query))

    async def _change(
        self, request: Request, action: Literal["change", "cancel", "resume"], plan_id: str | None
    ) -> Response:
        command = rpc.ChangeSubscription(user_id=user_of(request), action=action, plan_id=plan_id)
        return _answer(await self._caller.call(command))


def _answer(reply: bytes) -> Response:
    return answer(envelope(orjson.dumps(orjson.loads(reply)["subscription"])))
