"""The rules of exports: one at a time for each person, and the same one for an hour."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from kernel.decider import Decider

SAME_FOR = timedelta(hours=1)
KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Export:
    """`number` counts one's exports. `ready_at` is null while the last is being made; none is open after its end."""

    number: int = 0
    is_open: bool = False
    ready_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestExport:
    user_id: int


@dataclass(frozen=True, slots=True)
class FinishExport:
    """It lies in object storage. Where, travels beside it."""

    user_id: int
    number: int


@dataclass(frozen=True, slots=True)
class EndExport:
    """It has expired, cannot be made, or (`number` is null) must go whichever it is."""

    user_id: int
    number: int | None


ExportCommand = RequestExport | FinishExport | EndExport


@dataclass(frozen=True, slots=True)
class ExportRequested:
    user_id: int
    number: int


@dataclass(frozen=True, slots=True)
class ExportFinished:
    user_id: int
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ExportEnded:
    user_id: int
    number: int


ExportEvent = ExportRequested | ExportFinished | ExportEnded


def decide_export(command: ExportCommand, export: Export, now: datetime) -> list[ExportEvent]:
    match command:
        case RequestExport(user_id=user_id):
            return _request(user_id, export, now)
        case FinishExport(user_id=user_id, number=number):
            being_made = export.is_open and export.ready_at is None and export.number == number
            return [ExportFinished(user_id, number, now)] if being_made else []
        case EndExport(user_id=user_id, number=wanted):
            ends = export.is_open and wanted in {None, export.number}
            return [ExportEnded(user_id, export.number)] if ends else []
        case _:
            assert_never(command)


def _request(user_id: int, export: Export, now: datetime) -> list[ExportEvent]:
    if not export.is_open:
        return [ExportRequested(user_id, export.number + 1)]
    if export.ready_at is None or now < export.ready_at + SAME_FOR:
        return []
    return [ExportEnded(user_id, export.number), ExportRequested(user_id, export.number + 1)]


def evolve_export(export: Export, event: ExportEvent) -> Export:
    match event:
        case ExportRequested(number=number):
            return Export(number, is_open=True)
        case ExportFinished(at=at):
            return replace(export, ready_at=at)
        case ExportEnded():
            return Export(export.number)
        case _:
            assert_never(event)


EXPORT: Decider[ExportCommand, Export, ExportEvent] = Decider(
    category="export",
    initial=Export(),
    decide=decide_export,
    evolve=evolve_export,
    events=(ExportRequested, ExportFinished, ExportEnded),
)
