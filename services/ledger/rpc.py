"""Requests that ledger answers."""

from contracts.rpc.ledger import ExportHistory, GetBalance, GetHistory
from kernel.bus import MessageBus
from services.ledger.queries import Queries


def answer(bus: MessageBus, queries: Queries) -> None:
    bus.answer(GetBalance, queries.balance)
    bus.answer(GetHistory, queries.history)
    bus.answer(ExportHistory, queries.export)
