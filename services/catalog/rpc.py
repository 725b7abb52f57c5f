"""Requests that catalog answers."""

from contracts.rpc.catalog import GetStyle, ListCategories, ListStyles, ListTrending
from kernel.bus import MessageBus
from services.catalog.queries import Queries


def answer(bus: MessageBus, queries: Queries) -> None:
    bus.answer(ListCategories, queries.categories)
    bus.answer(ListStyles, queries.styles)
    bus.answer(ListTrending, queries.trending)
    bus.answer(GetStyle, queries.style)
