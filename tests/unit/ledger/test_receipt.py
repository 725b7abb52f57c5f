"""Numbers, taxes and paper of receipts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from contracts.rpc.auth import User
from services.ledger.payments.billing import kept_until
from services.ledger.payments.paper import draw, taxes_of
from services.ledger.payments.parties import Billed, Seller
from services.ledger.payments.receipt import IST, RECEIPTS, IssueReceipt, ReceiptIssued, shown_number, year_of
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


def test_books_are_kept_for_72_months_after_the_annual_return_is_due() -> None:
    assert kept_until(datetime(2026, 3, 31, 18, 29, tzinfo=UTC)) == datetime(2033, 1, 1, tzinfo=IST)
    assert kept_until(datetime(2026, 3, 31, 18, 30, tzinfo=UTC)) == datetime(2034, 1, 1, tzinfo=IST)
