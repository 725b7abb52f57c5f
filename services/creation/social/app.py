"""Composes the social side of creation's service."""

from datetime import timedelta

from kernel.objects import Objects
from kernel.service import Service
from services.creation.erasing import Departures
from services.creation.social import rpc
from services.creation.social.erasing import Traces
from services.creation.social.feed import Feed
from services.creation.social.moderators import Moderators
from services.creation.social.queries import SocialQueries
from services.creation.social.subscribers import AccountNews, BattleNews


def answer(
    service: Service,
    objects: Objects,
    departures: Departures,
    traces: Traces,
    *,
    hide_after_reports: int,
    new_account: timedelta,
) -> SocialQueries:
    """Has the service answer and listen. `new_account`: how long an account's reports weigh less."""
    queries = SocialQueries(service.database, objects)
    requests = rpc.SocialRequests(
        service.database,
        service.commands,
        queries,
        departures,
        traces,
        Moderators(service.bus.caller),
        hide_after_reports=hide_after_reports,
        new_account=new_account,
    )
    rpc.answer(service.bus, queries, Feed(service.database, objects), requests)
    BattleNews(service.commands).listen(service.bus)
    AccountNews(service.database).listen(service.bus)
    return queries
