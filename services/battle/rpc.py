"""Requests that battle answers."""

from contracts.rpc import battle as rpc
from kernel.bus import MessageBus
from services.battle.entries import Entries
from services.battle.queries import Queries
from services.battle.reviews import Reviews
from services.battle.showing import Showing
from services.battle.voting import Voting


def answer(
    bus: MessageBus, queries: Queries, entries: Entries, showing: Showing, voting: Voting, reviews: Reviews
) -> None:
    bus.answer(rpc.EnterPool, entries.enter)
    bus.answer(rpc.LeavePool, entries.leave)
    bus.answer(rpc.CurrentBattle, showing.current)
    bus.answer(rpc.NextBattle, showing.next)
    bus.answer(rpc.GetBattle, queries.battle)
    bus.answer(rpc.CastVote, voting.vote)
    bus.answer(rpc.ListFought, queries.fought)
    bus.answer(rpc.ListSuspects, reviews.suspects)
    bus.answer(rpc.ReviewVote, reviews.review)
    bus.answer(rpc.ExportBattles, queries.export)
