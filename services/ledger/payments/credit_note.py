"""The numbers of credit notes (CGST Act, section 34): without gaps, within each financial year. One stream per year."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class CreditNotes:
    issued: int = 0


@dataclass(frozen=True, slots=True)
class IssueCreditNote:
    """For `amount` that went back of what the receipt is for, of which `credited_before` had gone back already."""

    year: int
    user_id: int
    receipt_id: int
    reversal_id: str
    amount: int
    credited_before: int


@dataclass(frozen=True, slots=True)
class CancelCreditNote:
    """The money did not go back after all. Its number stays taken."""

    year: int
    number: int


Command = IssueCreditNote | CancelCreditNote


@dataclass(frozen=True, slots=True)
class CreditNoteIssued:
    year: int
    number: int
    user_id: int
    receipt_id: int
    reversal_id: str
    amount: int
    credited_before: int


@dataclass(frozen=True, slots=True)
class CreditNoteCancelled:
    year: int
    number: int


Event = CreditNoteIssued | CreditNoteCancelled


def decide(command: Command, notes: CreditNotes, _: datetime) -> list[Event]:
    """Whoever asks gives each refund one key, and each cancellation one."""
    match command:
        case IssueCreditNote(amount=amount, credited_before=before):
            what = (command.user_id, command.receipt_id, command.reversal_id, amount, before)
            return [CreditNoteIssued(command.year, notes.issued + 1, *what)]
        case CancelCreditNote(year=year, number=number):
            return [CreditNoteCancelled(year, number)] if 0 < number <= notes.issued else []
        case _:
            assert_never(command)


def evolve(notes: CreditNotes, event: Event) -> CreditNotes:
    match event:
        case CreditNoteIssued(number=number):
            return CreditNotes(number)
        case CreditNoteCancelled():
            return notes
        case _:
            assert_never(event)


CREDIT_NOTES: Decider[Command, CreditNotes, Event] = Decider(
    "creditnotes", CreditNotes(), decide, evolve, (CreditNoteIssued, CreditNoteCancelled)
)
