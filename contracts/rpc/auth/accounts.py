"""What is known of a person: to themselves, to others, and to services that ask what they may do."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from contracts.envelope import Message, Request

Locale = Literal["en", "hi"]
ACCOUNTS_AWAY = "Accounts cannot be asked right now. Please try again."
"""What somebody is told who may perhaps do something, while auth cannot say so."""


class User(Message):
    """A person as the API shows them to themselves; the gateway adds `credits`. A guest's email is empty.

    `role`: `guest`, `user`, `moderator` or `admin`.
    """

    id: int
    email: str
    name: str
    avatar_url: str | None
    is_verified: bool
    created_at: str
    role: str = "user"


class Done(Message):
    """It has been done, or looks as if it had: nothing else may be told."""


class Me(Request[User]):
    """Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.me"
    user_id: int


class Standing(Message):
    """What an account may do at this moment. `role`: `guest`, `user`, `moderator` or `admin`."""

    role: str
    suspended: bool


class GetStanding(Request[Standing]):
    """For services that trust no token about it. Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.standing"
    user_id: int


class RequireRole(Request[Standing]):
    """For services that trust no token about it: answered for those who have this role now, or a greater one.

    Errors: PERMISSION_DENIED for everyone else, also for who is suspended, has left or is not known; in the words of
    `refusal`, if there are any.
    """

    SUBJECT: ClassVar[str] = "rpc.auth.require_role"
    user_id: int
    role: Literal["moderator", "admin"]
    refusal: str | None = None


class People(Message):
    """Public faces: `{id: {"id", "name", "avatar_url"}}` of those that exist."""

    people: dict[int, dict[str, Any]]


class PeopleByIds(Request[People]):
    SUBJECT: ClassVar[str] = "rpc.auth.people"
    user_ids: list[int]


class FoundPerson(Message):
    id: int
    name: str
    avatar_url: str | None
    creations_count: int


class FoundPeople(Message):
    """The best first."""

    items: list[FoundPerson]


class SearchPeople(Request[FoundPeople]):
    """By name alone; words may be begun or mistyped. Guests, and who is suspended or leaving, are not found."""

    SUBJECT: ClassVar[str] = "rpc.auth.search_people"
    q: str
    limit: int = Field(default=20, ge=1, le=50)
