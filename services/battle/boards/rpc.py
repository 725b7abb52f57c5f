"""Requests about the boards."""

from contracts.rpc.boards import GetOwnRank, ListAround, ListLeaders
from kernel.bus import MessageBus
from services.battle.boards.queries import Boards


def answer(bus: MessageBus, boards: Boards) -> None:
    bus.answer(ListLeaders, boards.leaders)
    bus.answer(GetOwnRank, boards.standing)
    bus.answer(ListAround, boards.around)
