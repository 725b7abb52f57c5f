"""Requests that catalog answers."""

from contracts.rpc import catalog as rpc
from kernel.bus import MessageBus
from services.catalog.challenge_queries import ChallengeQueries
from services.catalog.challenges import Challenges
from services.catalog.front import FrontQueries
from services.catalog.queries import Queries


def answer(bus: MessageBus, queries: Queries, front: FrontQueries) -> None:
    bus.answer(rpc.ListCategories, queries.categories)
    bus.answer(rpc.ListStyles, queries.styles)
    bus.answer(rpc.ListTrending, queries.trending)
    bus.answer(rpc.GetStyle, queries.style)
    bus.answer(rpc.SearchCatalog, front.search)
    bus.answer(rpc.GetFront, front.front)


def answer_about_challenges(bus: MessageBus, queries: ChallengeQueries, challenges: Challenges) -> None:
    bus.answer(rpc.GetTodaysChallenge, queries.todays)
    bus.answer(rpc.ListChallenges, queries.started)
    bus.answer(rpc.GetChallengeBoard, queries.board)
    bus.answer(rpc.ListPlannedChallenges, challenges.planned)
    bus.answer(rpc.PlanChallenge, challenges.plan)
    bus.answer(rpc.ChangeChallenge, challenges.change)
    bus.answer(rpc.WithdrawChallenge, challenges.withdraw)
