"""What creation tells the others. Prompts and pictures stay at home: ids, options and numbers only."""

from typing import ClassVar

from pydantic import Field

from contracts.envelope import Event


class CreationRequested(Event):
    """Someone wants a picture and asks for its credits to be held until `hold_until` (ISO 8601, UTC).

    Several pictures that were asked for at once share one hold request: that of the picture which names the `others`.
    Theirs have been told before, with `held_with_another`: they ask for nothing themselves.
    """

    TYPE: ClassVar[str] = "creation.creation_requested"
    creation_id: int
    user_id: int
    style_id: int
    style_name: str
    credits: int
    hold_until: str
    max_open_jobs: int
    others: list[int] = Field(default=[])
    held_with_another: bool = False


class CreationQueued(Event):
    """Its credits are held: any worker may take it up."""

    TYPE: ClassVar[str] = "creation.creation_queued"
    creation_id: int
    user_id: int


class PaintingStarted(Event):
    TYPE: ClassVar[str] = "creation.painting_started"
    creation_id: int
    user_id: int
    attempt: int


class CreationGenerated(Event):
    """The picture is there."""

    TYPE: ClassVar[str] = "creation.creation_generated"
    creation_id: int
    user_id: int
    style_id: int
    style_name: str
    credits: int
    is_public: bool


class CreationFailed(Event):
    """No picture, and no credits taken. `code` is one of the public error codes."""

    TYPE: ClassVar[str] = "creation.creation_failed"
    creation_id: int
    user_id: int
    code: str


class CreationCancelled(Event):
    TYPE: ClassVar[str] = "creation.creation_cancelled"
    creation_id: int
    user_id: int


class CreationDeleted(Event):
    """The owner took it away: row, pictures and prompt are gone or going."""

    TYPE: ClassVar[str] = "creation.creation_deleted"
    creation_id: int
    user_id: int
    style_id: int


class CreationLiked(Event):
    """`user_id` likes a creation of `owner_id`."""

    TYPE: ClassVar[str] = "creation.creation_liked"
    creation_id: int
    user_id: int
    owner_id: int


class CreationUnliked(Event):
    """A like was taken back."""

    TYPE: ClassVar[str] = "creation.creation_unliked"
    creation_id: int
    user_id: int
    owner_id: int


class VisibilityChanged(Event):
    """It is shown to everyone now, or no longer: by its owner's will, by a moderator's, or by reports until one of them
    has decided.
    """

    TYPE: ClassVar[str] = "creation.visibility_changed"
    creation_id: int
    user_id: int
    is_public: bool


class CreationBarred(Event):
    """It is to be shown nowhere any more, not even in a battle: its owner made it private, or a moderator removed it.

    Reports alone bar nothing: a battle goes on with a picture that they hide.
    """

    TYPE: ClassVar[str] = "creation.creation_barred"
    creation_id: int
    user_id: int


EVENTS: tuple[type[Event], ...] = (
    CreationRequested,
    CreationQueued,
    PaintingStarted,
    CreationGenerated,
    CreationFailed,
    CreationCancelled,
    CreationDeleted,
    CreationLiked,
    CreationUnliked,
    VisibilityChanged,
    CreationBarred,
)
