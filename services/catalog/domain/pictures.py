"""What challenges rest on: who made which picture when, who likes it, and who has left.

Creation's events may come late, twice and in any order, also before a day's challenge is there. So of every picture,
and of everybody's like of it on one day, a small stream keeps what was said last; `position` says when, in creation's
own order. What a challenge counts is then what the tables hold for its style and its day.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Making:
    user_id: int
    style_id: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """`making` is None until it has been heard of; `shown_at`: the position of the last word on `is_public`."""

    making: Making | None = None
    deleted: bool = False
    is_public: bool = False
    shown_at: int = 0


@dataclass(frozen=True, slots=True)
class NoteMade:
    creation_id: int
    making: Making
    is_public: bool
    position: int


@dataclass(frozen=True, slots=True)
class NoteVisibility:
    creation_id: int
    is_public: bool
    position: int


@dataclass(frozen=True, slots=True)
class NoteDeleted:
    creation_id: int


PictureCommand = NoteMade | NoteVisibility | NoteDeleted


@dataclass(frozen=True, slots=True)
class PictureNoted:
    creation_id: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Like:
    """Somebody's like of a picture as it is after one day's events. `at`: the position of the last of them."""

    liked: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class NoteLike:
    creation_id: int
    user_id: int
    day: date
    liked: bool
    position: int


@dataclass(frozen=True, slots=True)
class LikeNoted:
    creation_id: int
    user_id: int
    day: date
    like: Like


@dataclass(frozen=True, slots=True)
class Person:
    left: bool = False


@dataclass(frozen=True, slots=True)
class NoteLeft:
    user_id: int


@dataclass(frozen=True, slots=True)
class PersonLeft:
    user_id: int


def decide_picture(command: PictureCommand, before: Picture, _: datetime) -> list[PictureNoted]:
    match command:
        case NoteMade(making=making):
            after = replace(_shown(command, before), making=before.making or making)
        case NoteVisibility():
            after = _shown(command, before)
        case NoteDeleted():
            after = replace(before, deleted=True)
        case _:
            assert_never(command)
    return [] if after == before else [PictureNoted(command.creation_id, after)]


def _shown(command: NoteMade | NoteVisibility, picture: Picture) -> Picture:
    """What was said last counts, not what was heard last."""
    if command.position <= picture.shown_at:
        return picture
    return replace(picture, is_public=command.is_public, shown_at=command.position)


def evolve_picture(_: Picture, event: PictureNoted) -> Picture:
    return event.picture


def like_key(creation_id: int, user_id: int, day: date) -> str:
    return f"{creation_id}:{user_id}:{day:%Y%m%d}"


def decide_like(command: NoteLike, before: Like, _: datetime) -> list[LikeNoted]:
    if command.position <= before.at:
        return []
    return [LikeNoted(command.creation_id, command.user_id, command.day, Like(command.liked, command.position))]


def evolve_like(_: Like, event: LikeNoted) -> Like:
    return event.like


def decide_person(command: NoteLeft, person: Person, _: datetime) -> list[PersonLeft]:
    return [] if person.left else [PersonLeft(command.user_id)]


def evolve_person(_: Person, __: PersonLeft) -> Person:
    return Person(left=True)


PICTURE: Decider[PictureCommand, Picture, PictureNoted] = Decider(
    category="picture", initial=Picture(), decide=decide_picture, evolve=evolve_picture, events=(PictureNoted,)
)
LIKE: Decider[NoteLike, Like, LikeNoted] = Decider(
    category="like", initial=Like(), decide=decide_like, evolve=evolve_like, events=(LikeNoted,)
)
PERSON: Decider[NoteLeft, Person, PersonLeft] = Decider(
    category="person", initial=Person(), decide=decide_person, evolve=evolve_person, events=(PersonLeft,)
)
