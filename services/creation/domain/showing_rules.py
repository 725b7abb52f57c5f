"""What may be done about the showing of a finished picture, and what it becomes."""

from dataclasses import replace
from typing import assert_never

from services.creation.domain.language import CreationNotFound
from services.creation.domain.reporting import FULL_WEIGHT, Report, together
from services.creation.domain.showing import (
    AppealHiding,
    CaseDecided,
    ChangeShowing,
    Command,
    DecideCase,
    Event,
    FeaturePicture,
    HidingAppealed,
    InBattle,
    JudgeInOwnCase,
    NothingToAppeal,
    NotShown,
    OwnPicture,
    PictureBarred,
    PictureFeatured,
    PictureHidden,
    PictureReported,
    PictureTagged,
    PublicityChosen,
    ReportPicture,
    ReportWithdrawn,
    Showing,
    VisibilityChanged,
    WithdrawReport,
)


def decide(command: Command, showing: Showing, owner_id: int) -> list[Event]:
    """The picture is there, and commands of its owner come from its owner: that has been looked after."""
    match command:
        case ChangeShowing():
            events = _change(command, showing)
        case AppealHiding():
            events = _appeal(command, showing)
        case ReportPicture():
            events = _report(command, showing, owner_id)
        case WithdrawReport():
            events = _withdraw(command, showing, owner_id)
        case DecideCase():
            events = _judge(command, showing, owner_id)
        case FeaturePicture():
            events = _feature(command, showing, owner_id)
        case _:
            assert_never(command)
    return [*events, *_visibility(command.creation_id, owner_id, showing, events)]


def _visibility(creation_id: int, owner_id: int, before: Showing, events: list[Event]) -> list[Event]:
    """Told whenever all of it together makes a difference to everyone else."""
    after = before
    for event in events:
        after = evolve(after, event)
    told: list[Event] = []
    if after.visible is not before.visible:
        told.append(VisibilityChanged(creation_id, owner_id, after.visible))
    if after.barred and not before.barred:
        told.append(PictureBarred(creation_id, owner_id))
    return told


def _change(command: ChangeShowing, showing: Showing) -> list[Event]:
    events: list[Event] = []
    if command.is_public is not None and command.is_public is not showing.is_public:
        if command.in_battle and not command.is_public:
            raise InBattle("hide")
        events.append(PublicityChosen(command.creation_id, command.user_id, command.is_public))
    if command.retag:
        events.append(PictureTagged(command.creation_id, command.user_id))
    return events


def _appeal(command: AppealHiding, showing: Showing) -> list[Event]:
    if not showing.hidden:
        raise NothingToAppeal("This creation is not hidden.")
    if showing.appealed:
        raise NothingToAppeal("You have appealed already.")
    return [HidingAppealed(command.creation_id, command.user_id)]


def _report(command: ReportPicture, showing: Showing, owner_id: int) -> list[Event]:
    if command.by == owner_id:
        raise OwnPicture
    if command.by in showing.reporters:  # also when it is hidden by now: their answer may have been lost
        return []
    if not (showing.visible or (command.in_battle and not showing.barred)):  # that it exists is nobody else's business
        raise CreationNotFound
    reports = (*showing.open_reports, Report(command.by, command.weight))
    weight, count = together(reports), len(reports)
    about = (command.creation_id, owner_id)
    events: list[Event] = [PictureReported(*about, command.by, command.reason, count, command.weight, weight)]
    if weight >= command.hide_after * FULL_WEIGHT and not showing.hidden:
        events.append(PictureHidden(*about, count))
    return events


def _withdraw(command: WithdrawReport, showing: Showing, owner_id: int) -> list[Event]:
    """What is hidden already stays so until a moderator has looked at it."""
    left = tuple(report for report in showing.open_reports if report.by != command.by)
    if len(left) == len(showing.open_reports):
        return []
    waiting = bool(left) or showing.hidden
    return [ReportWithdrawn(command.creation_id, owner_id, command.by, len(left), together(left), waiting)]


def _judge(command: DecideCase, showing: Showing, owner_id: int) -> list[Event]:
    if command.by == owner_id:
        raise JudgeInOwnCase
    if not showing.waiting and showing.hidden is (command.decision == "remove"):
        return []  # it has been said already
    return [CaseDecided(command.creation_id, owner_id, command.by, command.decision)]


def _feature(command: FeaturePicture, showing: Showing, owner_id: int) -> list[Event]:
    if command.featured and not showing.visible:
        raise NotShown
    if command.featured is showing.featured:
        return []
    return [PictureFeatured(command.creation_id, owner_id, command.by, command.featured)]


def evolve(showing: Showing, event: Event) -> Showing:
    match event:
        case PublicityChosen(is_public=is_public):
            return replace(showing, is_public=is_public)
        case PictureReported(by=by, weight=weight):
            reports, reporters = (*showing.open_reports, Report(by, weight)), (*showing.reporters, by)
            return replace(showing, waiting=True, open_reports=reports, reporters=reporters)
        case ReportWithdrawn(by=by, waiting=waiting):
            left = tuple(report for report in showing.open_reports if report.by != by)
            return replace(showing, waiting=waiting, open_reports=left)
        case PictureHidden():
            return replace(showing, hidden=True)
        case HidingAppealed():
            return replace(showing, waiting=True, appealed=True)
        case CaseDecided(decision="keep"):
            return replace(showing, hidden=False, removed=False, waiting=False, appealed=False, open_reports=())
        case CaseDecided():
            return replace(showing, hidden=True, removed=True, waiting=False, open_reports=())
        case PictureFeatured(featured=featured):
            return replace(showing, featured=featured)
        case VisibilityChanged() | PictureBarred() | PictureTagged():
            return showing
        case _:
            assert_never(event)
