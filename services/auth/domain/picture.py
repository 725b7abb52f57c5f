"""What auth remembers of one creation, so that it is counted rightly however its events arrive.

A creation may be deleted that was never finished, its deletion may be heard of before its making, and the event of its
deletion does not say whether it was public. One small stream each keeps that out of its owner's stats.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from kernel.decider import Decider
from services.auth.domain.stats import NOTHING, Tally


@dataclass(frozen=True, slots=True)
class Picture:
    """`shown_at`: the version of the creation's own stream that last said whether it is public."""

    made: bool = False
    deleted: bool = False
    is_public: bool = False
    shown_at: int = 0

    @property
    def tally(self) -> Tally:
        exists = self.made and not self.deleted
        return Tally(made=int(self.made), creations=int(exists), public=int(exists and self.is_public))


@dataclass(frozen=True, slots=True)
class NoteMade:
    creation_id: int
    user_id: int
    is_public: bool
    version: int


@dataclass(frozen=True, slots=True)
class NoteVisibility:
    creation_id: int
    user_id: int
    is_public: bool
    version: int


@dataclass(frozen=True, slots=True)
class NoteDeleted:
    creation_id: int
    user_id: int


PictureCommand = NoteMade | NoteVisibility | NoteDeleted


@dataclass(frozen=True, slots=True)
class PictureNoted:
    """`tally`: by how much this changes its owner's stats."""

    creation_id: int
    user_id: int
    picture: Picture
    tally: Tally


def decide_picture(command: PictureCommand, before: Picture, _: datetime) -> list[PictureNoted]:
    match command:
        case NoteMade():
            after = replace(_shown(command, before), made=True)
        case NoteVisibility():
            after = _shown(command, before)
        case NoteDeleted():
            after = replace(before, deleted=True)
        case _:
            assert_never(command)
    if after == before:
        return []
    return [PictureNoted(command.creation_id, command.user_id, after, _difference(after.tally, before.tally))]


def _shown(command: NoteMade | NoteVisibility, picture: Picture) -> Picture:
    """What was said last counts, not what was heard last."""
    if command.version <= picture.shown_at:
        return picture
    return replace(picture, is_public=command.is_public, shown_at=command.version)


def _difference(after: Tally, before: Tally) -> Tally:
    return replace(
        NOTHING,
        made=after.made - before.made,
        creations=after.creations - before.creations,
        public=after.public - before.public,
    )


def evolve_picture(_: Picture, event: PictureNoted) -> Picture:
    return event.picture


PICTURE: Decider[PictureCommand, Picture, PictureNoted] = Decider(
    category="picture",
    initial=Picture(),
    decide=decide_picture,
    evolve=evolve_picture,
    events=(PictureNoted,),
)
