"""Requests that ledger answers."""

from collections.abc import Sequence

from contracts.rpc import ledger as rpc
from kernel.bus import MessageBus
from kernel.commands import CommandBus
from services.ledger.administrators import Administrators
from services.ledger.corrections import Corrections
from services.ledger.domain import Event, SpendCredits, Wallet, WalletDecider
from services.ledger.payments.billing import Export
from services.ledger.promos import Promos
from services.ledger.queries import Queries


class Wallets:
    """Commands that come as requests."""

    def __init__(self, commands: CommandBus, wallet: WalletDecider) -> None:
        self._commands = commands
        self._wallet = wallet

    async def spend(self, request: rpc.SpendOwnCredits) -> rpc.Spent:
        command = SpendCredits(request.user_id, request.credits, "consume", request.description)
        key = f"spend:{request.user_id}:{request.idempotency_key}" if request.idempotency_key else None
        outcome = await self._commands.execute(self._wallet, request.user_id, command, key=key, answer=_balance)
        return rpc.Spent(credits=request.credits, balance=outcome.answer, replayed=outcome.replayed)


def _balance(wallet: Wallet, _: Sequence[Event]) -> int:
    return wallet.balance


def answer(bus: MessageBus, queries: Queries, wallets: Wallets, export: Export) -> None:
    bus.answer(rpc.GetBalance, queries.balance)
    bus.answer(rpc.GetHistory, queries.history)
    bus.answer(rpc.ExportHistory, export)
    bus.answer(rpc.SpendOwnCredits, wallets.spend)


def answer_administrators(
    bus: MessageBus, administrators: Administrators, corrections: Corrections, promos: Promos
) -> None:
    """Only redeeming a code is for everybody."""
    bus.answer(rpc.ProposeCorrection, administrators.only(corrections.propose))
    bus.answer(rpc.DecideCorrection, administrators.only(corrections.decide))
    bus.answer(rpc.ListCorrections, administrators.only(corrections.listed))
    bus.answer(rpc.CreatePromo, administrators.only(promos.create))
    bus.answer(rpc.RedeemPromo, promos.redeem)
