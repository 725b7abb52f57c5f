"""Corrections by hand. The journal is never edited: a correction is a new entry, with a reason and a name behind it.

A large one needs two people: who proposes it cannot approve it. So does one of one's own wallet, however small.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

Status = Literal["", "proposed", "approved", "rejected", "failed"]


@dataclass(frozen=True, slots=True)
class Correction:
    """`credits` are granted, or taken back where negative. `failed`: approved, but the wallet had too few to take."""

    status: Status = ""
    user_id: int = 0
    credits: int = 0
    reason: str = ""
    proposed_by: int = 0
    decided_by: int | None = None


@dataclass(frozen=True, slots=True)
class ProposeCorrection:
    """Up to `limit` credits either way it is approved at once, unless it is for oneself."""

    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str
    limit: int


@dataclass(frozen=True, slots=True)
class ApproveCorrection:
    correction_id: int
    by: int


@dataclass(frozen=True, slots=True)
class RejectCorrection:
    """Whoever proposed it may do so, too."""

    correction_id: int
    by: int


@dataclass(frozen=True, slots=True)
class FailCorrection:
    correction_id: int
    code: str


Command = ProposeCorrection | ApproveCorrection | RejectCorrection | FailCorrection


@dataclass(frozen=True, slots=True)
class CorrectionProposed:
    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectionApproved:
    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectionRejected:
    correction_id: int
    by: int


@dataclass(frozen=True, slots=True)
class CorrectionFailed:
    correction_id: int
    code: str


Event = CorrectionProposed | CorrectionApproved | CorrectionRejected | CorrectionFailed


class OneOfTwo(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "Someone other than who proposed it, or gets it, must approve it.")


class AlreadyDecided(ServiceError):
    def __init__(self, status: Status) -> None:
        super().__init__("CORRECTION_ENDED", f"This correction is {status} already.", {"status": status})


class UnknownCorrection(ServiceError):
    def __init__(self) -> None:
        super().__init__("NOT_FOUND", "There is no such correction.")


def decide(command: Command, correction: Correction, _: datetime) -> list[Event]:
    match command:
        case ProposeCorrection(correction_id=id_, by=by, user_id=user_id, credits=credits_, reason=reason):
            if not credits_ or not reason.strip():
                raise ServiceError("VALIDATION_ERROR", "A correction needs credits and a reason.")
            if correction.status:
                raise AlreadyDecided(correction.status)
            proposed = CorrectionProposed(id_, by, user_id, credits_, reason)
            if abs(credits_) > command.limit or by == user_id:
                return [proposed]
            return [proposed, CorrectionApproved(id_, by, user_id, credits_, reason)]
        case ApproveCorrection(by=by):
            _must_be_open(correction)
            if by in {correction.proposed_by, correction.user_id}:
                raise OneOfTwo
            return [
                CorrectionApproved(command.correction_id, by, correction.user_id, correction.credits, correction.reason)
            ]
        case RejectCorrection(by=by):
            _must_be_open(correction)
            return [CorrectionRejected(command.correction_id, by)]
        case FailCorrection(code=code):
            return [CorrectionFailed(command.correction_id, code)] if correction.status == "approved" else []
        case _:
            assert_never(command)


def _must_be_open(correction: Correction) -> None:
    if not correction.status:
        raise UnknownCorrection
    if correction.status != "proposed":
        raise AlreadyDecided(correction.status)


def evolve(correction: Correction, event: Event) -> Correction:
    match event:
        case CorrectionProposed():
            return Correction("proposed", event.user_id, event.credits, event.reason, event.by)
        case CorrectionApproved(by=by):
            return replace(correction, status="approved", decided_by=by)
        case CorrectionRejected(by=by):
            return replace(correction, status="rejected", decided_by=by)
        case CorrectionFailed():
            return replace(correction, status="failed")
        case _:
            assert_never(event)


CORRECTION: Decider[Command, Correction, Event] = Decider(
    "correction",
    Correction(),
    decide,
    evolve,
    (CorrectionProposed, CorrectionApproved, CorrectionRejected, CorrectionFailed),
)
