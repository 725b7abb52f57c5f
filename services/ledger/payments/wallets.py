"""What payments do to wallets. Each effect has one key, whoever comes first with it."""

from contracts.events import payments as published
from kernel.clock import from_iso
from kernel.commands import CommandBus
from services.ledger.domain import GrantCredits, TakeBack
from services.ledger.domain.wallet import WalletDecider


class Wallets:
    """The fingerprint of each command is empty: the one who comes second may describe it in other words."""

    def __init__(self, commands: CommandBus, wallet: WalletDecider) -> None:
        self._commands = commands
        self._wallet = wallet

    async def pay_out(self, order_id: int, user_id: int, provider: str, payment_id: str, credits_: int) -> None:
        """The credits of a payment, once: the key is the payment's, so it does not matter who asks for it."""
        command = GrantCredits(
            user_id,
            credits_,
            "purchase",
            f"Purchased {credits_} credits",
            source="purchase",
            bought=True,
            reference=reference_of(order_id),
        )
        await self._execute(command, f"payment:{provider}:{payment_id}")

    async def pay_period(self, event: published.PlanCreditsDue) -> None:
        command = GrantCredits(
            event.user_id,
            event.credits,
            "subscription",
            f"Subscription: {event.credits} credits",
            source="subscription",
            bought=True,
            expires_at=from_iso(event.expires_at) if event.expires_at else None,
            reference=subscribed_by(event.subscription_id),
        )
        await self._execute(command, f"payment:{event.provider}:{event.payment_id}")

    async def take_back(self, event: published.PaymentReversed) -> None:
        if event.credits:
            description = f"Payment {'refunded' if event.kind == 'refund' else 'disputed'}"
            command = TakeBack(event.user_id, event.credits, event.kind, _reference(event), description)
            await self._execute(command, f"reversal:{_story(event)}:{event.reversal_id}")

    async def give_back(self, event: published.ReversalUndone) -> None:
        if event.credits:
            won = "Refund failed" if event.kind == "refund" else "Dispute settled"
            command = GrantCredits(
                event.user_id,
                event.credits,
                "purchase",
                f"{won}: credits given back",
                source="refund",
                bought=True,
                reference=_reference(event),
            )
            await self._execute(command, f"undone:{_story(event)}:{event.reversal_id}")

    async def _execute(self, command: GrantCredits | TakeBack, key: str) -> None:
        await self._commands.execute(self._wallet, command.user_id, command, key=key, fingerprint="")


def reference_of(order_id: int) -> str:
    """Under what the wallet keeps the credits of an order."""
    return f"order:{order_id}"


def subscribed_by(subscription_id: int) -> str:
    """Under what the wallet keeps the credits of a subscription."""
    return f"subscription:{subscription_id}"


def _reference(event: published.PaymentReversed | published.ReversalUndone) -> str:
    return subscribed_by(event.subscription_id) if event.subscription_id else reference_of(event.order_id)


def _story(event: published.PaymentReversed | published.ReversalUndone) -> str:
    """Whose reversal it is, as keys name it; the audit knows them, too."""
    return subscribed_by(event.subscription_id) if event.subscription_id else str(event.order_id)
