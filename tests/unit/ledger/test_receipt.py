"""Numbers, taxes and paper of receipts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.rpc.auth import User
from services.ledger.payments.billing import kept_until
from services.ledger.payments.credit_note import (
    CREDIT_NOTES,
    CancelCreditNote,
    CreditNoteCancelled,
    CreditNoteIssued,
    IssueCreditNote,
)
from services.ledger.payments.paper import draw, draw_credit_note, taxes_of, taxes_of_part
from services.ledger.payments.parties import Billed, Seller
from services.ledger.payments.receipt import (
    IST,
    RECEIPTS,
    IssueReceipt,
    ReceiptIssued,
    shown_credit_note,
    shown_number,
    year_of,
)
from services.ledger.payments.reversals import Paid, Reversal
from tests.given import given

WHAT = (7, 1, "razorpay", "pay_1", "1500 credits", 12900, "INR", 18, True)


def test_numbers_follow_one_another() -> None:
    given(RECEIPTS).when(IssueReceipt(202526, *WHAT)).then(ReceiptIssued(202526, 1, *WHAT))
    given(RECEIPTS, ReceiptIssued(202526, 1, *WHAT)).when(IssueReceipt(202526, *WHAT)).then(
        ReceiptIssued(202526, 2, *WHAT)
    )


def test_the_financial_year_begins_in_april_by_indias_time() -> None:
    assert year_of(datetime(2026, 3, 31, 18, 29, tzinfo=UTC)) == 202526
    assert year_of(datetime(2026, 3, 31, 18, 30, tzinfo=UTC)) == 202627
    assert year_of(datetime(2099, 12, 1, tzinfo=UTC)) == 209900
    assert shown_number(202526, 42) == "MP/25-26/0000042"


def test_the_tax_is_contained_in_the_price() -> None:
    taxes = taxes_of(11800, 18)
    assert (taxes.taxable, taxes.cgst, taxes.sgst, taxes.igst) == (10000, 900, 900, 1800)
    assert taxes_of(12900, 0).taxable == 12900


@for_any(st.integers(1, 10**9), st.integers(0, 28))
def test_taxes_and_what_is_taxed_always_make_the_amount(amount: int, percent: int) -> None:
    taxes = taxes_of(amount, percent)
    assert taxes.taxable + taxes.cgst + taxes.sgst == amount
    assert 0 <= taxes.sgst - taxes.cgst <= 1
    assert abs(taxes.taxable * (100 + percent) - amount * 100) * 2 <= 100 + percent


@for_any(st.lists(st.integers(1, 10**8), min_size=1, max_size=12), st.integers(0, 28))
def test_the_taxes_of_parts_make_those_of_the_whole_to_the_paisa(amounts: list[int], percent: int) -> None:
    parts = [taxes_of_part(sum(amounts[:n]), amount, percent) for n, amount in enumerate(amounts)]
    whole = taxes_of(sum(amounts), percent)
    for name in ("taxable", "cgst", "sgst", "igst"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
        assert all(getattr(part, name) >= 0 for part in parts)
    for part, amount in zip(parts, amounts, strict=True):
        assert part.taxable + part.igst == amount
        assert abs(part.taxable - taxes_of(amount, percent).taxable) <= 1


def test_credit_notes_have_numbers_of_their_own_which_stay_taken() -> None:
    what = (7, 202526000000042, "rfnd_1", 4300, 0)
    first = CreditNoteIssued(202627, 1, *what)
    given(CREDIT_NOTES).when(IssueCreditNote(202627, *what)).then(first)
    cancelled = CreditNoteCancelled(202627, 1)
    given(CREDIT_NOTES, first).when(CancelCreditNote(202627, 1)).then(cancelled)
    given(CREDIT_NOTES, first, cancelled).when(IssueCreditNote(202627, *what)).then(replace(first, number=2))
    given(CREDIT_NOTES, first).when(CancelCreditNote(202627, 2)).then()
    assert shown_credit_note(202627, 9_999_999) == "CN/26-27/9999999"
    assert len(shown_credit_note(202627, 9_999_999)) <= 16


def test_what_went_back_before_is_what_stands() -> None:
    told = {
        "rfnd_1": Reversal("refund", 100, stands=True),
        "disp_1": Reversal("dispute", 30, stands=True),
        "rfnd_2": Reversal("refund", 50, stands=False),
        "rfnd_3": Reversal("refund", 7, stands=True),
    }
    paid = Paid(12900, 1500, told)
    assert [paid.refunded_before(each) for each in told] == [0, 100, 100, 100]


@pytest.mark.parametrize("name", ["Jane Doe", "Zoë", "जेन", "😀" * 50, "", "a\x00b\n"])
@pytest.mark.parametrize("gstin", ["27AAPFU0939F1ZV", ""])
def test_any_name_can_be_drawn_for(name: str, gstin: str) -> None:
    row = {
        "year": 202526,
        "number": 42,
        "user_id": 7,
        "provider": "razorpay",
        "payment_id": "pay_1",
        "description": "1500 credits",
        "amount": 12900,
        "currency": "INR",
        "gst_percent": 18 if gstin else 0,
        "issued_at": datetime(2026, 1, 1, tzinfo=UTC),
        "is_integrated": False,
    }
    buyer = User(id=7, email="jane@example.com", name=name, avatar_url=None, is_verified=True, created_at="")
    seller = Seller("MagicPic", "1 Some Road\nMumbai", gstin, "Maharashtra (27)", "998439", 18)
    assert draw(row, buyer, seller, 100).startswith(b"%PDF-")
    billed = Billed("Zoë & Co", "1 Road\n\nBengaluru", "29AAGCB7383J1Z4", "29")
    assert draw(row, buyer, seller, 100, billed).startswith(b"%PDF-")
    at = datetime(2026, 5, 1, tzinfo=UTC)
    note = {"year": 202627, "number": 1, "reversal_id": "rfnd_1", "amount": 43, "credited_before": 0, "issued_at": at}
    assert draw_credit_note(note | {"cancelled_at": None}, row, buyer, seller).startswith(b"%PDF-")
    assert draw_credit_note(note | {"cancelled_at": at}, row, buyer, seller, billed).startswith(b"%PDF-")


def test_books_are_kept_for_72_months_after_the_annual_return_is_due() -> None:
    assert kept_until(datetime(2026, 3, 31, 18, 29, tzinfo=UTC)) == datetime(2033, 1, 1, tzinfo=IST)
    assert kept_until(datetime(2026, 3, 31, 18, 30, tzinfo=UTC)) == datetime(2034, 1, 1, tzinfo=IST)
