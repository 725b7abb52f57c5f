"""What may happen to a creation, and what it becomes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from kernel.decider import Decider
from services.creation.domain import showing, showing_rules
from services.creation.domain.language import (
    HOLD_MARGIN,
    MAX_ATTEMPTS,
    OPEN,
    CancelCreation,
    Command,
    CompletePainting,
    ConfirmFunds,
    Creation,
    CreationCancelled,
    CreationDeleted,
    CreationFailed,
    CreationGenerated,
    CreationNotFound,
    CreationQueued,
    CreationRequested,
    DeleteCreation,
    EraseCreation,
    Event,
    FailPainting,
    JobAlreadyEnded,
    MissDeadline,
    NotOwner,
    NotYetThere,
    Order,
    PaintingReport,
    PaintingStarted,
    RefuseCreation,
    Report,
    RequestCreation,
    StartPainting,
    Status,
    StyleNotFound,
)

TOO_LONG = "The picture took too long. No credits were taken. Please try again."
NOT_MADE = "The picture could not be made. No credits were taken. Please try again."


def decide(command: Command, creation: Creation, now: datetime) -> list[Event]:
    if isinstance(command, RequestCreation):
        return _request(command, creation, now)
    if isinstance(command, EraseCreation):
        return _erase(command.creation_id, creation)
    if creation.order is None:
        raise CreationNotFound
    if isinstance(command, CancelCreation | DeleteCreation):
        return _decide_for_owner(command, creation, creation.order)
    if isinstance(command, showing.Command):
        return _decide_showing(command, creation, creation.order)
    return _decide_report(command, creation, creation.order, now)


def _request(command: RequestCreation, creation: Creation, now: datetime) -> list[Event]:
    if creation.status is not Status.NONE:
        return []
    if command.style is None:
        raise StyleNotFound
    deadline_at = now + timedelta(seconds=command.deadline_s)
    order = Order(
        command.user_id,
        command.style,
        command.mood,
        command.weather,
        command.dress_style,
        command.is_public,
        requested_at=now,
        deadline_at=deadline_at,
        aspect_ratio=command.aspect_ratio,
        model=command.model,
        number=command.number,
        others=command.others,
    )
    return [CreationRequested(command.creation_id, order, deadline_at + HOLD_MARGIN, command.max_open_jobs)]


def _erase(creation_id: int, creation: Creation) -> list[Event]:
    """What was never a picture has lost its materials already, when it ended."""
    if creation.order is None:
        return []
    if creation.status in OPEN:
        return [CreationCancelled(creation_id, creation.order.user_id)]
    if creation.status is Status.COMPLETED:
        return [CreationDeleted(creation_id, creation.order.user_id, creation.order.style.id)]
    return []


def _decide_for_owner(command: CancelCreation | DeleteCreation, creation: Creation, order: Order) -> list[Event]:
    if creation.status is Status.DELETED:
        raise CreationNotFound
    if command.user_id != order.user_id:
        raise NotOwner
    match command:
        case CancelCreation(creation_id=creation_id, user_id=user_id):
            if creation.status not in OPEN:
                raise JobAlreadyEnded(creation.status)
            return [CreationCancelled(creation_id, user_id)]
        case DeleteCreation(creation_id=creation_id, user_id=user_id):
            if creation.status in OPEN:
                raise CreationNotFound("There is no picture to delete yet. Cancel the job instead.")
            if command.in_battle:
                raise showing.InBattle("delete")
            return [CreationDeleted(creation_id, user_id, order.style.id)]
        case _:
            assert_never(command)


def _decide_showing(command: showing.Command, creation: Creation, order: Order) -> list[Event]:
    if creation.status is not Status.COMPLETED:
        raise CreationNotFound
    if isinstance(command, showing.OwnersWish) and command.user_id != order.user_id:
        raise NotOwner
    return [*showing_rules.decide(command, _shown(creation), order.user_id)]


def _shown(creation: Creation) -> showing.Showing:
    public = creation.order is not None and creation.order.is_public
    return creation.showing or showing.Showing(public)


def _decide_report(command: Report, creation: Creation, order: Order, now: datetime) -> list[Event]:
    if creation.status not in OPEN:
        return []  # it has ended already, and the first end counts
    match command:
        case ConfirmFunds() | RefuseCreation() if creation.status is not Status.REQUESTED:
            return []
        case ConfirmFunds(creation_id=creation_id, balance=balance):
            return [CreationQueued(creation_id, order.user_id, balance)]
        case RefuseCreation():
            return [_refused(command, order)]
        case MissDeadline(creation_id=creation_id):
            return [_failed(creation_id, order, TOO_LONG)] if now >= order.deadline_at else []
        case _:
            return _decide_painting(command, creation, order, now)


def _decide_painting(command: PaintingReport, creation: Creation, order: Order, now: datetime) -> list[Event]:
    if creation.status is not Status.PROCESSING and not isinstance(command, StartPainting):
        raise NotYetThere(type(command).__name__, creation.status)
    match command:
        case StartPainting(creation_id=creation_id):
            return [_started(creation_id, creation, order)]
        case CompletePainting(creation_id=creation_id):
            processing_ms = (now - order.requested_at) // timedelta(milliseconds=1)
            return [CreationGenerated(creation_id, order, creation.credits_remaining, processing_ms)]
        case FailPainting(creation_id=creation_id, attempt=attempt, code=code, message=message):
            if attempt < creation.attempts:  # given up on long ago; another is at work
                return []
            return [CreationFailed(creation_id, order.user_id, code, message)]
        case _:
            assert_never(command)


def _refused(command: RefuseCreation, order: Order) -> CreationFailed:
    if command.reason == "insufficient_credits":
        needed = command.needed or order.style.credits
        code, message = "INSUFFICIENT_CREDITS", f"You need {needed} credits. You have {command.balance}."
    else:
        code, message = "TOO_MANY_JOBS", "Too many of your pictures are in the making. Please wait until one is done."
    return CreationFailed(command.creation_id, order.user_id, code, message)


def _started(creation_id: int, creation: Creation, order: Order) -> PaintingStarted | CreationFailed:
    if creation.status is Status.REQUESTED:
        raise NotYetThere("StartPainting", creation.status)
    if creation.attempts >= MAX_ATTEMPTS:
        return _failed(creation_id, order, NOT_MADE)
    return PaintingStarted(creation_id, order.user_id, creation.attempts + 1)


def _failed(creation_id: int, order: Order, message: str) -> CreationFailed:
    return CreationFailed(creation_id, order.user_id, "AI_SERVICE_ERROR", message)


def evolve(creation: Creation, event: Event) -> Creation:
    if isinstance(event, showing.Event):
        return replace(creation, showing=showing_rules.evolve(_shown(creation), event))
    match event:
        case CreationRequested(order=order):
            return replace(creation, status=Status.REQUESTED, order=order)
        case CreationQueued(credits_remaining=credits_remaining):
            return replace(creation, status=Status.QUEUED, credits_remaining=credits_remaining)
        case PaintingStarted(attempt=attempt):
            return replace(creation, status=Status.PROCESSING, attempts=attempt)
        case CreationGenerated():
            return replace(creation, status=Status.COMPLETED)
        case CreationFailed(code=code, message=message):
            return replace(creation, status=Status.FAILED, code=code, message=message)
        case CreationCancelled():
            return replace(creation, status=Status.CANCELLED)
        case CreationDeleted():
            return replace(creation, status=Status.DELETED)
        case _:
            assert_never(event)


CREATION: Decider[Command, Creation, Event] = Decider(
    category="creation",
    initial=Creation(),
    decide=decide,
    evolve=evolve,
    events=(
        CreationRequested,
        CreationQueued,
        PaintingStarted,
        CreationGenerated,
        CreationFailed,
        CreationCancelled,
        CreationDeleted,
        *showing.EVENTS,
    ),
)
