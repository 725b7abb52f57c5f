"""The rules of the catalog. One stream per category and one per style.

A style's trend score falls by half in every half-life H and grows by one with every use: it is the sum of 2^(-age/H)
over all uses. What is kept is that sum's logarithm as of time zero, log2(Σ 2^(t/H)). It orders styles as their scores
do at every moment, so it changes only when a style is used, and the order of arrival of uses does not matter.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class CategoryShape:
    """All that a category is to the world. `preview_key` names an object in storage."""

    name: str
    slug: str
    icon: str
    description: str
    display_order: int
    preview_key: str | None


@dataclass(frozen=True, slots=True)
class StyleShape:
    """All that a style is to the world. `preview_key` and `sample_keys` name objects in storage."""

    name: str
    slug: str
    category_id: int
    description: str
    prompt_template: str
    negative_prompt: str
    effect: str
    tags: tuple[str, ...]
    credits_required: int
    preview_key: str
    sample_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """`key` is log2(Σ 2^(t/H)) over the times of all uses, in seconds since 1970, with this half-life H."""

    key: float
    half_life_s: float

    def score(self, at: datetime) -> float:
        return math.exp2(self.key - at.timestamp() / self.half_life_s)

    def with_use(self, used_at: datetime) -> "Trend":
        use = used_at.timestamp() / self.half_life_s
        higher, lower = max(self.key, use), min(self.key, use)
        return replace(self, key=higher + math.log1p(math.exp2(lower - higher)) / math.log(2))

    def with_half_life(self, half_life_s: float, at: datetime) -> "Trend":
        """The same score at this moment, falling faster or slower from now on."""
        seconds = at.timestamp()
        return Trend(self.key - seconds / self.half_life_s + seconds / half_life_s, half_life_s)


def first_use(used_at: datetime, half_life_s: float) -> Trend:
    return Trend(used_at.timestamp() / half_life_s, half_life_s)


@dataclass(frozen=True, slots=True)
class Category:
    shape: CategoryShape | None = None


@dataclass(frozen=True, slots=True)
class Style:
    shape: StyleShape | None = None
    active: bool = False
    uses_count: int = 0
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class PublishCategory:
    category_id: int
    shape: CategoryShape


@dataclass(frozen=True, slots=True)
class PublishStyle:
    """Publishing the same shape again does nothing: seeding anew does not bring back a style that was retired."""

    style_id: int
    shape: StyleShape


@dataclass(frozen=True, slots=True)
class RetireStyle:
    """No longer shown or offered. Pictures that are being made in it still count as uses."""

    style_id: int


@dataclass(frozen=True, slots=True)
class RecordUse:
    """A picture was made. `half_life_s` is for a first use: later ones keep what the style has."""

    style_id: int
    creation_id: int
    used_at: datetime
    half_life_s: float


@dataclass(frozen=True, slots=True)
class RescaleTrend:
    """The half-life's setting has changed: without this, keys of the old one and the new could not be compared."""

    style_id: int
    half_life_s: float


StyleCommand = PublishStyle | RetireStyle | RecordUse | RescaleTrend


@dataclass(frozen=True, slots=True)
class CategoryPublished:
    category_id: int
    shape: CategoryShape


@dataclass(frozen=True, slots=True)
class StylePublished:
    style_id: int
    shape: StyleShape


@dataclass(frozen=True, slots=True)
class StyleRetired:
    """`shape` is what it was until now: the others are told of a style as a whole."""

    style_id: int
    shape: StyleShape


@dataclass(frozen=True, slots=True)
class StyleUsed:
    """`uses_count` and `trend`, here and below, are those after the event."""

    style_id: int
    creation_id: int
    used_at: datetime
    uses_count: int
    trend: Trend


@dataclass(frozen=True, slots=True)
class TrendRescaled:
    style_id: int
    uses_count: int
    trend: Trend


StyleEvent = StylePublished | StyleRetired | StyleUsed | TrendRescaled


class StyleNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("STYLE_NOT_FOUND", "This style does not exist or is no longer offered.")


class SlugTaken(ServiceError):
    """Slugs stand in links: two categories, or two styles, never share one."""

    def __init__(self) -> None:
        super().__init__("VALIDATION_ERROR", "This slug belongs to another entry of the catalog.")


class InvalidPrice(ServiceError):
    def __init__(self, credits_: int) -> None:
        super().__init__("VALIDATION_ERROR", f"A style costs a positive number of credits, not {credits_}.")


def decide_category(command: PublishCategory, category: Category, _: datetime) -> list[CategoryPublished]:
    if command.shape == category.shape:
        return []
    return [CategoryPublished(command.category_id, command.shape)]


def evolve_category(_: Category, event: CategoryPublished) -> Category:
    return Category(event.shape)


def decide_style(command: StyleCommand, style: Style, now: datetime) -> list[StyleEvent]:
    match command:
        case PublishStyle(style_id=style_id, shape=shape):
            if shape.credits_required <= 0:
                raise InvalidPrice(shape.credits_required)
            return [] if shape == style.shape else [StylePublished(style_id, shape)]
        case RetireStyle(style_id=style_id):
            if style.shape is None:
                raise StyleNotFound
            return [StyleRetired(style_id, style.shape)] if style.active else []
        case RecordUse():
            if style.shape is None:
                raise StyleNotFound
            return [_used(command, style, now)]
        case RescaleTrend(style_id=style_id, half_life_s=half_life_s):
            if style.trend is None or style.trend.half_life_s == half_life_s:
                return []
            return [TrendRescaled(style_id, style.uses_count, style.trend.with_half_life(half_life_s, now))]
        case _:
            assert_never(command)


def _used(command: RecordUse, style: Style, now: datetime) -> StyleUsed:
    used_at = min(command.used_at, now)  # another machine's clock may be ahead of ours
    trend = style.trend.with_use(used_at) if style.trend else first_use(used_at, command.half_life_s)
    return StyleUsed(command.style_id, command.creation_id, used_at, style.uses_count + 1, trend)


def evolve_style(style: Style, event: StyleEvent) -> Style:
    match event:
        case StylePublished(shape=shape):
            return replace(style, shape=shape, active=True)
        case StyleRetired():
            return replace(style, active=False)
        case StyleUsed(uses_count=uses_count, trend=trend):
            return replace(style, uses_count=uses_count, trend=trend)
        case TrendRescaled(trend=trend):
            return replace(style, trend=trend)
        case _:
            assert_never(event)


CATEGORY: Decider[PublishCategory, Category, CategoryPublished] = Decider(
    category="category",
    initial=Category(),
    decide=decide_category,
    evolve=evolve_category,
    events=(CategoryPublished,),
)
STYLE: Decider[StyleCommand, Style, StyleEvent] = Decider(
    category="style",
    initial=Style(),
    decide=decide_style,
    evolve=evolve_style,
    events=(StylePublished, StyleRetired, StyleUsed, TrendRescaled),
)
