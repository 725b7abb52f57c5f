"""What MagicPic's clients send and get, as far as it is the same everywhere.

Requests are checked against shapes, answers are documented by them. Each subject's stand in a file of its own.
"""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

T = TypeVar("T")


def storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a zero character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be text that can be written down")
    return text


Text = Annotated[str, AfterValidator(storable)]
Search = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(storable)]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(storable)
]


class ReasonBody(BaseModel):
    reason: Reason = Field(
        description="Why. It is kept with who did it and when, for good: no names or addresses, please."
    )


class Answer(BaseModel, Generic[T]):
    success: Literal[True]
    data: T
    message: str | None = None


class Done(BaseModel):
    success: Literal[True]
    message: str


class Listing(BaseModel, Generic[T]):
    success: Literal[True]
    data: list[T]
    total: int


class Pagination(BaseModel):
    page: int
    limit: int
    total: int
    total_pages: int
    has_next: bool
    has_prev: bool


class PagedListing(Listing[T], Generic[T]):
    pagination: Pagination


class PaginationWithCursor(Pagination):
    next_cursor: int | None = Field(description="Leads to what follows, whatever was added meanwhile; null at the end.")


class Person(BaseModel):
    id: int
    name: str
    avatar_url: str | None
