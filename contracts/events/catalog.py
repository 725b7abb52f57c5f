"""What catalog tells the others."""

from typing import ClassVar

from contracts.envelope import Event


class CategoryPublished(Event):
    """A category is new or has changed: its whole present shape."""

    TYPE: ClassVar[str] = "catalog.category_published"
    category_id: int
    name: str
    slug: str


class StylePublished(Event):
    """A style is new or has changed: all that a painter needs of it."""

    TYPE: ClassVar[str] = "catalog.style_published"
    style_id: int
    name: str
    slug: str
    prompt_template: str
    negative_prompt: str
    effect: str
    """The local painter's effect that stands for this style."""
    credits_required: int
    active: bool
    is_new: bool = False
    """True the first time that this style is published."""


class StyleUsed(Event):
    """A picture was made in this style: counts and trending have moved."""

    TYPE: ClassVar[str] = "catalog.style_used"
    style_id: int
    uses_count: int


class ChallengeStarted(Event):
    """The daily challenge: pictures in this style take part until `ends_at` (ISO 8601, UTC)."""

    TYPE: ClassVar[str] = "catalog.challenge_started"
    challenge_id: int
    style_id: int
    ends_at: str


EVENTS: tuple[type[Event], ...] = (CategoryPublished, StylePublished, StyleUsed, ChallengeStarted)
