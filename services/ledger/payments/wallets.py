"""What payments do to wallets. Each effect has one key, whoever comes first with it."""

from contracts.events import payments as published
from kernel.commands import CommandBus
from services.ledger.domain import WALLET, GrantCredits


class Wallets:
    def __init__(self, commands: CommandBus) -> None:
        self._commands = commands

    async def pay_out(self, user_id: int, provider: str, payment_id: str, credits_: int) -> None:
        """The credits of a payment, once: the key is the payment's, so it does not matter who asks for it."""
        command = GrantCredits(user_id, credits_, "purchase", f"Purchased {credits_} credits")
        await self._execute(command, f"payment:{provider}:{payment_id}")

    async def take_back(self, event: published.PaymentReversed) -> None:
        raise NotImplementedError

    async def give_back(self, event: published.ReversalUndone) -> None:
        if event.credits:
            command = GrantCredits(event.user_id, event.credits, "purchase", "Given back")
            await self._execute(command, f"undone:{event.order_id}:{event.reversal_id}")

    async def _execute(self, command: GrantCredits, key: str) -> None:
        await self._commands.execute(WALLET, command.user_id, command, key=key, fingerprint="")
