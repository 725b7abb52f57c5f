"""Own event → the contract's."""

from typing import assert_never

from contracts.envelope import Event
from contracts.events import catalog as published
from kernel.clock import iso
from kernel.store import Recorded
from services.catalog import domain


def publish(record: Recorded) -> Event | None:
    event: domain.Event = record.event
    match event:
        case domain.CategoryPublished(category_id=category_id, shape=shape):
            return published.CategoryPublished(category_id=category_id, name=shape.name, slug=shape.slug)
        case domain.StylePublished(style_id=style_id, shape=shape):
            return _style(style_id, shape, active=True, is_new=record.version == 1)
        case domain.StyleRetired(style_id=style_id, shape=shape):
            return _style(style_id, shape, active=False)
        case domain.StyleUsed(style_id=style_id, uses_count=uses_count):
            return published.StyleUsed(style_id=style_id, uses_count=uses_count)
        case domain.ChallengeStarted(challenge_id=challenge_id, shape=shape):
            ends_at = iso(domain.ends_at(domain.day_of(challenge_id)))
            return published.ChallengeStarted(challenge_id=challenge_id, style_id=shape.style_id, ends_at=ends_at)
        case (
            domain.TrendRescaled()
            | domain.ChallengePlanned()
            | domain.ChallengeChanged()
            | domain.ChallengeWithdrawn()
            | domain.PictureNoted()
            | domain.LikeNoted()
            | domain.PersonLeft()
        ):
            return None
        case _:
            assert_never(event)


def _style(style_id: int, shape: domain.StyleShape, *, active: bool, is_new: bool = False) -> published.StylePublished:
    return published.StylePublished(
        style_id=style_id,
        name=shape.name,
        slug=shape.slug,
        prompt_template=shape.prompt_template,
        negative_prompt=shape.negative_prompt,
        effect=shape.effect,
        credits_required=shape.credits_required,
        active=active,
        is_new=is_new,
    )
