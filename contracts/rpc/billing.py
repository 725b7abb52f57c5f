"""Whom a purchase or a subscription is billed to."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.envelope import Message
from contracts.gst import STATES, is_gstin


def _drawable(text: str) -> str:
    if text and not all(line.isprintable() for line in text.split("\n")):
        raise ValueError("holds what cannot be printed")
    if text.encode("latin-1", "ignore").decode("latin-1") != text:
        raise ValueError("must be in Latin letters, as it is registered")
    return text


def _registered(gstin: str | None) -> str | None:
    found = gstin.upper() if gstin else None
    if found and not is_gstin(found):
        raise ValueError("is no GSTIN: of its 15 characters the first two are a state, and the last checks the others")
    return found


def _known(state: str | None) -> str | None:
    if state and state not in STATES:
        raise ValueError("is no state's code, such as 27")
    return state or None


Words = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_drawable)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=15)]


class Billing(Message):
    """Whom something is billed to. Personal: it is in no event.

    `gstin`: of a buyer who is registered for GST; the law then wants `name` and `address`, too. `state`: where the
    buyer is, by its code in a GSTIN (`27`); with a `gstin` it is that one's. One of the two must be given.
    """

    name: Annotated[Words, Field(max_length=100)] = ""
    address: Annotated[Words, Field(max_length=300)] = ""
    gstin: Annotated[Code | None, AfterValidator(_registered)] = None
    state: Annotated[Code | None, AfterValidator(_known)] = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.gstin and not (self.name and self.address):
            raise ValueError("a GSTIN needs the name and the address that it is registered for")
        if self.gstin and self.state not in {None, self.gstin[:2]}:
            raise ValueError("the state is not the one of the GSTIN")
        if not (self.gstin or self.state):
            raise ValueError("a GSTIN or a state is needed")
        return self

    @property
    def place_of_supply(self) -> str:
        """The state's code: of who is registered, or is on record (IGST Act, section 12(2))."""
        return self.gstin[:2] if self.gstin else self.state or ""
