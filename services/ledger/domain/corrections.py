"""Corrections by hand. The journal is never edited: a correction is a new entry, with a reason and a name behind it.

A large one needs two people: who proposes it cannot approve it. So does one of one's own wallet, however small. A large
refund is one, too: what is approved then is that money goes back, which takes the credits with it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

Status = Literal["", "proposed", "approved", "rejected", "failed", "refunded"]
REFUSED = "REFUND_REFUSED"


@dataclass(frozen=True, slots=True)
class Repayment:
    """Money that goes back: `amount` of what an order was paid with, in its currency's smallest unit. `payment_id`: if
    it is not the payment that was credited; or the one of a subscription's period, of which `order_id` is 0.
    """

    order_id: int
    amount: int
    payment_id: str | None = None
    subscription_id: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """`credits` are granted, or taken back where negative, by the `repayment` if there is one. `failed`: approved, but
    the wallet had too few to take, or the money could not go back. `refunded`: it went back after all.
    """

    status: Status = ""
    user_id: int = 0
    credits: int = 0
    reason: str = ""
    proposed_by: int = 0
    decided_by: int | None = None
    repayment: Repayment | None = None


@dataclass(frozen=True, slots=True)
class ProposeCorrection:
    """`alone`: it is so small that it is approved at once, unless it is for oneself."""

    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str
    alone: bool
    repayment: Repayment | None = None


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
    """`reason`: why, if that is known: in the payment provider's words."""

    correction_id: int
    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MeetRefund:
    """What has become of its refund, which the provider refused at first. It may change its mind again."""

    correction_id: int
    made: bool
    reason: str = ""


Command = ProposeCorrection | ApproveCorrection | RejectCorrection | FailCorrection | MeetRefund


@dataclass(frozen=True, slots=True)
class CorrectionProposed:
    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str
    repayment: Repayment | None = None


@dataclass(frozen=True, slots=True)
class CorrectionApproved:
    correction_id: int
    by: int
    user_id: int
    credits: int
    reason: str
    repayment: Repayment | None = None


@dataclass(frozen=True, slots=True)
class CorrectionRejected:
    correction_id: int
    by: int


@dataclass(frozen=True, slots=True)
class CorrectionFailed:
    correction_id: int
    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionRefunded:
    """The provider had refused, and the money went back all the same."""

    correction_id: int


Event = CorrectionProposed | CorrectionApproved | CorrectionRejected | CorrectionFailed | CorrectionRefunded


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
            if not (credits_ or command.repayment) or not reason.strip():
                raise ServiceError("VALIDATION_ERROR", "A correction needs credits and a reason.")
            if correction.status:
                raise AlreadyDecided(correction.status)
            what = (id_, by, user_id, credits_, reason, command.repayment)
            if not command.alone or by == user_id:
                return [CorrectionProposed(*what)]
            return [CorrectionProposed(*what), CorrectionApproved(*what)]
        case ApproveCorrection(by=by):
            _must_be_open(correction)
            if by in {correction.proposed_by, correction.user_id}:
                raise OneOfTwo
            approved = (correction.user_id, correction.credits, correction.reason, correction.repayment)
            return [CorrectionApproved(command.correction_id, by, *approved)]
        case RejectCorrection(by=by):
            _must_be_open(correction)
            return [CorrectionRejected(command.correction_id, by)]
        case FailCorrection(code=code, reason=why):
            return [CorrectionFailed(command.correction_id, code, why)] if correction.status == "approved" else []
        case MeetRefund(correction_id=id_, made=True):
            return [CorrectionRefunded(id_)] if correction.status in {"approved", "failed"} else []
        case MeetRefund(correction_id=id_, reason=why):
            has_failed_now = correction.status in {"approved", "refunded"}
            return [CorrectionFailed(id_, REFUSED, why)] if has_failed_now else []
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
            who = (event.user_id, event.credits, event.reason, event.by)
            return Correction("proposed", *who, repayment=event.repayment)
        case CorrectionApproved(by=by):
            return replace(correction, status="approved", decided_by=by)
        case CorrectionRejected(by=by):
            return replace(correction, status="rejected", decided_by=by)
        case CorrectionFailed():
            return replace(correction, status="failed")
        case CorrectionRefunded():
            return replace(correction, status="refunded")
        case _:
            assert_never(event)


CORRECTION: Decider[Command, Correction, Event] = Decider(
    "correction",
    Correction(),
    decide,
    evolve,
    (CorrectionProposed, CorrectionApproved, CorrectionRejected, CorrectionFailed, CorrectionRefunded),
)
