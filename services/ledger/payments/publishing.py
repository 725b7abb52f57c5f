"""Own events of orders, subscriptions and ads → the contract's."""

from typing import Any, assert_never

from contracts.envelope import Event
from contracts.events import payments as published
from kernel.clock import iso
from kernel.store import Recorded
from services.ledger.ads import day, view
from services.ledger.payments import order, subscription
from services.ledger.payments.refunding import RefundBegun, RefundEvent, RefundMade, RefundRefused


def publish_payments(record: Recorded) -> Event | None:
    """Of any stream that is not a wallet."""
    match record.stream_id.rpartition("-")[0]:
        case order.ORDER.category:
            return publish_order(record.event)
        case subscription.SUBSCRIPTION.category:
            return publish_subscription(record.event)
        case view.VIEW.category:
            return publish_view(record.event)
        case day.AD_DAY.category:
            return publish_day(record.event)
        case _:
            return None


def publish_order(event: order.Event) -> Event | None:
    match event:
        case order.PaymentCaptured():
            return published.PaymentCaptured(
                order_id=event.order_id,
                user_id=event.user_id,
                provider=event.provider,
                payment_id=event.payment_id,
                package_id=event.package_id,
                credits=event.credits,
                amount=event.amount,
                currency=event.currency,
            )
        case order.PaymentFailed():
            return published.PaymentFailed(
                order_id=event.order_id, user_id=event.user_id, payment_id=event.payment_id, reason=event.reason
            )
        case order.PaymentMismatched():
            return published.PaymentMismatched(
                order_id=event.order_id,
                user_id=event.user_id,
                provider=event.provider,
                payment_id=event.payment_id,
                fault=event.fault,
                amount=event.amount,
                currency=event.currency,
            )
        case order.PaymentReversed() | order.ReversalUndone():
            kind = published.PaymentReversed if isinstance(event, order.PaymentReversed) else published.ReversalUndone
            return kind(
                order_id=event.order_id,
                user_id=event.user_id,
                payment_id=event.payment_id,
                reversal_id=event.reversal_id,
                kind=event.kind,
                amount=event.amount,
                credits=event.credits,
            )
        case RefundBegun() | RefundMade() | RefundRefused():
            return _refund(event)
        case order.OrderOpened() | order.OrderPlaced() | order.OrderChecked() | order.OrderClosed():
            return None
        case _:
            assert_never(event)


def _refund(event: RefundEvent) -> Event | None:
    """Of an order or of a period."""
    match event:
        case RefundBegun():
            return published.RefundBegun(
                order_id=event.order_id,
                number=event.number,
                user_id=event.user_id,
                by=event.by,
                amount=event.amount,
                currency=event.currency,
                reason=event.reason,
                payment_id=event.payment_id,
                correction_id=event.correction_id,
                subscription_id=event.subscription_id,
            )
        case RefundRefused():
            return published.RefundRefused(
                order_id=event.order_id,
                number=event.number,
                reason=event.reason,
                subscription_id=event.subscription_id,
            )
        case RefundMade(after_all=True):
            return published.RefundMadeAfterAll(
                order_id=event.order_id, number=event.number, subscription_id=event.subscription_id
            )
        case RefundMade():
            return None
        case _:
            assert_never(event)


def publish_view(event: view.Event) -> Event | None:
    match event:
        case view.AdWatched():
            return published.AdWatched(view_id=event.view_id, user_id=event.user_id, network=event.network)
        case view.NetworkHeard() | view.ViewClaimed():
            return None
        case _:
            assert_never(event)


def publish_day(event: day.Event) -> Event | None:
    match event:
        case day.AdRewarded():
            return published.AdRewarded(
                view_id=event.view_id, user_id=event.user_id, credits=event.credits, watched=event.watched
            )
        case day.AdClaimed():
            return None
        case _:
            assert_never(event)


def publish_subscription(event: subscription.Event) -> Event | None:
    match event:
        case subscription.PeriodStarted():
            return published.PlanCreditsDue(
                subscription_id=event.subscription_id,
                user_id=event.user_id,
                plan_id=event.terms.plan_id,
                provider=event.provider,
                payment_id=event.payment_id,
                credits=event.terms.credits,
                amount=event.terms.amount,
                currency=event.terms.currency,
                expires_at=iso(event.ends_at) if event.terms.credits_expire else None,
            )
        case subscription.PeriodMismatched():
            return published.PaymentMismatched(
                order_id=0,
                user_id=event.user_id,
                provider=event.provider,
                payment_id=event.payment_id,
                fault="subscription",
                amount=event.amount,
                currency=event.currency,
            )
        case subscription.PeriodReversed():
            return published.PaymentReversed(**_reversal(event))
        case subscription.PeriodReversalUndone():
            return published.ReversalUndone(**_reversal(event))
        case subscription.PlanChangeAsked():
            return _changed(event, "plan_change_asked")
        case subscription.RenewalStopped():
            return _changed(event, "ending")
        case subscription.RenewalResumed():
            return _changed(event, "active")
        case subscription.GraceBegun():
            return _changed(event, "grace")
        case subscription.SubscriptionEnded():
            return _changed(event, "ended")
        case RefundBegun() | RefundMade() | RefundRefused():
            return _refund(event)
        case subscription.SubscriptionBegun() | subscription.SubscriptionPlaced() | subscription.SubscriptionLookedAt():
            return None
        case _:
            assert_never(event)


def _reversal(event: subscription.PeriodReversed | subscription.PeriodReversalUndone) -> dict[str, Any]:
    return {
        "order_id": 0,
        "subscription_id": event.subscription_id,
        "user_id": event.user_id,
        "payment_id": event.payment_id,
        "reversal_id": event.reversal_id,
        "kind": event.kind,
        "amount": event.amount,
        "credits": event.credits,
    }


def _changed(
    event: subscription.PlanChangeAsked
    | subscription.RenewalStopped
    | subscription.RenewalResumed
    | subscription.GraceBegun
    | subscription.SubscriptionEnded,
    what: str,
) -> published.SubscriptionChanged:
    return published.SubscriptionChanged(subscription_id=event.subscription_id, user_id=event.user_id, what=what)
