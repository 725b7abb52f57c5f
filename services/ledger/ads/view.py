"""The rules of one ad that was watched: the network's word and the app's claim of it must meet. One stream per token.

The token is made up by the app for one ad and given to the network's SDK, which hands it to us; nobody else knows it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

WINDOW = timedelta(minutes=10)
"""How far apart word and claim may be."""


@dataclass(frozen=True, slots=True)
class View:
    """`told_user`: whom the network says it showed the ad to, if it does."""

    transaction_id: str | None = None
    told_user: int | None = None
    told_at: datetime | None = None
    claimed_by: int | None = None
    claimed_at: datetime | None = None
    matched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HearNetwork:
    view_id: str
    network: str
    transaction_id: str
    user_id: int | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    view_id: str
    network: str
    user_id: int


Command = HearNetwork | ClaimView


@dataclass(frozen=True, slots=True)
class NetworkHeard:
    view_id: str
    network: str
    transaction_id: str
    user_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ViewClaimed:
    view_id: str
    user_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AdWatched:
    """Both have come."""

    view_id: str
    user_id: int
    network: str
    at: datetime


Event = NetworkHeard | ViewClaimed | AdWatched


class InvalidAdToken(ServiceError):
    def __init__(self) -> None:
        super().__init__("INVALID_AD_TOKEN", "This ad could not be verified.")


def decide(command: Command, view: View, now: datetime) -> list[Event]:
    match command:
        case HearNetwork():
            return _heard(command, view, now)
        case ClaimView():
            return _claimed(command, view, now)
        case _:
            assert_never(command)


def _heard(command: HearNetwork, view: View, now: datetime) -> list[Event]:
    """A token is good for one ad: the first that is told with it."""
    if view.transaction_id:
        return []
    heard = NetworkHeard(command.view_id, command.network, command.transaction_id, command.user_id, now)
    if view.claimed_by is None or not _is_for(command.user_id, view.claimed_by) or not _is_young(view.claimed_at, now):
        return [heard]
    return [heard, AdWatched(command.view_id, view.claimed_by, command.network, now)]


def _claimed(command: ClaimView, view: View, now: datetime) -> list[Event]:
    user_id = command.user_id
    if view.matched_at:
        if view.claimed_by == user_id and _is_young(view.matched_at, now):
            return []
        raise InvalidAdToken
    if view.transaction_id:
        if not _is_for(view.told_user, user_id) or not _is_young(view.told_at, now):
            raise InvalidAdToken
        return [AdWatched(command.view_id, user_id, command.network, now)]
    if _is_young(view.claimed_at, now):
        if view.claimed_by != user_id:
            raise InvalidAdToken
        return []
    return [ViewClaimed(command.view_id, user_id, now)]


def _is_for(told_user: int | None, user_id: int) -> bool:
    return told_user in {None, user_id}


def _is_young(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment <= WINDOW


def evolve(view: View, event: Event) -> View:
    match event:
        case NetworkHeard(transaction_id=transaction_id, user_id=user_id, at=at):
            return replace(view, transaction_id=transaction_id, told_user=user_id, told_at=at)
        case ViewClaimed(user_id=user_id, at=at):
            return replace(view, claimed_by=user_id, claimed_at=at)
        case AdWatched(user_id=user_id, at=at):
            return replace(view, claimed_by=user_id, matched_at=at)
        case _:
            assert_never(event)


VIEW: Decider[Command, View, Event] = Decider(
    category="adview",
    initial=View(),
    decide=decide,
    evolve=evolve,
    events=(NetworkHeard, ViewClaimed, AdWatched),
)
