"""Debits and grants in bulk, committed in groups by the command bus."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from contracts.bulk import RESULTS_PREFIXES, Batch, Item, Result, Results
from kernel.bus import Unusable
from kernel.commands import CommandBus, Order
from kernel.turn import Outcome
from services.ledger.domain import Event, GrantCredits, SpendCredits, Wallet, WalletDecider

AT_ONCE = 16
"""Batches under way: what they hold must fit into the command bus's waiting room."""
TRY_AGAIN = frozenset({"SERVICE_UNAVAILABLE", "SERVER_ERROR"})
_decode = msgspec.json.Decoder(Batch).decode

Tell = Callable[[str, bytes], Awaitable[None]]


class Bulk:
    """`tell(subject, data)` sends the results."""

    def __init__(self, commands: CommandBus, wallet: WalletDecider, tell: Tell) -> None:
        self._commands = commands
        self._wallet = wallet
        self._tell = tell

    async def handle(self, data: bytes) -> None:
        """Do every item once, and tell what came of each.

        Raises where an item's fate is unknown, so that the batch comes again; and for what is no batch.
        """
        try:
            batch = _decode(data)
        except msgspec.DecodeError as error:
            raise Unusable(str(error)) from None
        if batch.results_to is not None and not batch.results_to.startswith(RESULTS_PREFIXES):
            raise Unusable(f"results go to {' or '.join(RESULTS_PREFIXES)} only")
        outcomes = await self._commands.execute_all(
            self._wallet, [Order(item.user_id, _command(item), f"bulk:{item.key}") for item in batch.items], _balance
        )
        for outcome in outcomes:
            if isinstance(outcome, Exception) and getattr(outcome, "code", "SERVER_ERROR") in TRY_AGAIN:
                raise outcome
        if batch.results_to:
            results = [_result(item.key, outcome) for item, outcome in zip(batch.items, outcomes, strict=True)]
            await self._tell(batch.results_to, msgspec.json.encode(Results(batch.batch_id, results)))


def _command(item: Item) -> GrantCredits | SpendCredits:
    if item.kind == "spend":
        return SpendCredits(item.user_id, item.credits, item.reason, item.description, item.reference)
    return GrantCredits(
        item.user_id,
        item.credits,
        item.reason,
        item.description,
        item.source,
        item.bought,
        item.expires_at,
        item.reference,
    )


def _balance(wallet: Wallet, _: Sequence[Event]) -> int:
    return wallet.balance


def _result(key: str, outcome: Outcome | Exception) -> Result:
    if isinstance(outcome, Outcome):
        return Result(key, "replayed" if outcome.replayed else "done", outcome.answer)
    return Result(key, "refused", code=getattr(outcome, "code", "SERVER_ERROR"))
