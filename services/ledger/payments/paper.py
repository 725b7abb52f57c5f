"""Receipts and credit notes as PDFs, with what the rules of GST want on a tax invoice (CGST Rules, rule 46), and on a
credit note (rule 53(1A)).

Prices contain the tax. The place of supply is the buyer's state: by their GSTIN, or as they have told it (IGST Act,
section 12(2)(a) and (b)(i)). In another state than the seller's all of the tax is the union's. Else, and where nothing
was told, which makes it the seller's (12(2)(b)(ii)), half of it is the union's, half the state's or union territory's.
An invoice that is made and sent electronically needs no signature (rule 46, proviso to (q)).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from contracts.gst import WITHOUT_LEGISLATURE, shown_state
from contracts.rpc.auth import User
from services.ledger.payments.parties import Billed, Seller
from services.ledger.payments.receipt import IST, shown_credit_note, shown_number

FONT = "Helvetica"
SMALL, NORMAL, LARGE = 9, 11, 18
LINE_MM = 6.5
LEFT_MM, RIGHT_MM = 120.0, 50.0


@dataclass(frozen=True, slots=True)
class Taxes:
    """Of an amount that contains them, in its smallest unit."""

    taxable: int
    cgst: int
    sgst: int

    @property
    def igst(self) -> int:
        return self.cgst + self.sgst


def taxes_of(amount: int, gst_percent: int) -> Taxes:
    """Rounded to the nearest paisa; the three always add up to the amount."""
    taxable = (amount * 200 + 100 + gst_percent) // (2 * (100 + gst_percent))
    tax = amount - taxable
    return Taxes(taxable, tax // 2, tax - tax // 2)


def taxes_of_part(before: int, amount: int, gst_percent: int) -> Taxes:
    """Of a part that follows `before`: all parts together make what they are parts of, to the paisa."""
    whole, rest = taxes_of(before + amount, gst_percent), taxes_of(before, gst_percent)
    return Taxes(whole.taxable - rest.taxable, whole.cgst - rest.cgst, whole.sgst - rest.sgst)


def draw(row: Mapping[str, Any], buyer: User, seller: Seller, refunded: int, billed: Billed | None = None) -> bytes:
    """The PDF of a row of `receipts`."""
    has_tax = row["gst_percent"] > 0
    number = shown_number(row["year"], row["number"])
    paper = _Paper()
    paper.set_creation_date(row["issued_at"])
    paper.set_title(f"Receipt {number}")
    paper.begin("Tax invoice" if has_tax else "Receipt", seller, has_tax=has_tax)
    paper.pair("Number", number)
    paper.pair("Date", _day(row["issued_at"]))
    _buyer(paper, buyer, billed)
    paper.pair("Customer number", str(row["user_id"]))
    paper.pair("Payment", f"{row['provider']} {row['payment_id']}")
    if has_tax:
        _place(paper, seller, billed)
        paper.pair("Reverse charge", "No")
    paper.ln(LINE_MM)
    taxes = taxes_of(row["amount"], row["gst_percent"])
    _amounts(paper, row, taxes, seller, row["description"], "Total paid")
    if refunded:
        paper.sum_of("Refunded since", _money(refunded, row["currency"]))
    return bytes(paper.output())


def draw_credit_note(
    note: Mapping[str, Any], row: Mapping[str, Any], buyer: User, seller: Seller, billed: Billed | None = None
) -> bytes:
    """The PDF of a row of `credit_notes`; `row` is that of its receipt, which decides what is taxed, and where."""
    has_tax = row["gst_percent"] > 0
    number = shown_credit_note(note["year"], note["number"])
    paper = _Paper()
    paper.set_creation_date(note["issued_at"])
    paper.set_title(f"Credit note {number}")
    paper.begin("Credit note", seller, has_tax=has_tax)
    paper.pair("Number", number)
    paper.pair("Date", _day(note["issued_at"]))
    if note["cancelled_at"]:
        paper.pair("Cancelled", f"{_day(note['cancelled_at'])}: the money did not go back")
    against = f"{shown_number(row['year'], row['number'])} of {_day(row['issued_at'])}"
    paper.pair("Tax invoice" if has_tax else "Receipt", against)
    _buyer(paper, buyer, billed)
    paper.pair("Customer number", str(row["user_id"]))
    paper.pair("Refund", f"{row['provider']} {note['reversal_id']}")
    if has_tax:
        _place(paper, seller, billed)
    paper.ln(LINE_MM)
    taxes = taxes_of_part(note["credited_before"], note["amount"], row["gst_percent"])
    _amounts(paper, row, taxes, seller, f"Refund: {row['description']}", "Total credited")
    return bytes(paper.output())


def _place(paper: "_Paper", seller: Seller, billed: Billed | None) -> None:
    paper.pair("Place of supply", shown_state(billed.state) if billed else seller.state)
    paper.pair("SAC", seller.sac)


def _day(moment: datetime) -> str:
    return moment.astimezone(IST).strftime("%d %B %Y")


def _money(amount: int, currency: str) -> str:
    return f"{currency} {amount // 100}.{amount % 100:02}"


def _buyer(paper: "_Paper", buyer: User, billed: Billed | None) -> None:
    if not (billed and billed.name):
        paper.pair("Billed to", ", ".join(part for part in (paper.drawable(buyer.name), buyer.email) if part))
    if billed:
        for name, text in (("Billed to", billed.name), ("Address", billed.address), ("GSTIN", billed.gstin)):
            if text:
                paper.pair(name, ", ".join(filter(None, map(str.strip, text.split("\n")))))
        paper.pair("State", shown_state(billed.state))


def _amounts(
    paper: "_Paper", row: Mapping[str, Any], taxes: Taxes, seller: Seller, description: str, total: str
) -> None:
    """`row`: of the receipt."""

    def money(amount: int) -> str:
        return _money(amount, row["currency"])

    paper.sum_of(description, money(taxes.taxable))
    if row["gst_percent"] and row["is_integrated"]:
        paper.sum_of(f"IGST {row['gst_percent']} %", money(taxes.igst))
    elif row["gst_percent"]:
        own = "UTGST" if seller.state_code in WITHOUT_LEGISLATURE else "SGST"
        paper.sum_of(f"CGST {row['gst_percent'] / 2:g} %", money(taxes.cgst))
        paper.sum_of(f"{own} {row['gst_percent'] / 2:g} %", money(taxes.sgst))
    paper.sum_of(total, money(taxes.taxable + taxes.igst), bold=True)


class _Paper(FPDF):
    """Its own fonts know Latin letters only; what they cannot draw is left out, never a failure."""

    def drawable(self, text: str) -> str:
        return text if text.isprintable() and text.encode("latin-1", "ignore").decode("latin-1") == text else ""

    def begin(self, heading: str, seller: Seller, *, has_tax: bool) -> None:
        """A page with whoever sells at its top."""
        self.add_page()
        self.line_of(heading, size=LARGE)
        for text in (seller.name, *seller.address.split("\n")):
            self.line_of(text)
        if has_tax:
            self.line_of(f"GSTIN {seller.gstin}    State {seller.state}")
        self.ln(LINE_MM)

    def line_of(self, text: str, *, size: int = NORMAL) -> None:
        self.set_font(FONT, size=size)
        self.cell(0, LINE_MM * size / NORMAL, self.drawable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def pair(self, name: str, text: str) -> None:
        self.set_font(FONT, size=SMALL)
        self.cell(40, LINE_MM, name)
        self.set_font(FONT, size=NORMAL)
        self.multi_cell(0, LINE_MM, self.drawable(text) or "-", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def sum_of(self, name: str, money: str, *, bold: bool = False) -> None:
        self.set_font(FONT, "B" if bold else "", NORMAL)
        self.cell(LEFT_MM, LINE_MM, name, border="T")
        self.cell(RIGHT_MM, LINE_MM, money, border="T", align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
