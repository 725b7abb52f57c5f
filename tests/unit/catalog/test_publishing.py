"""What the others are told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.envelope import Event
from contracts.events import catalog as published
from kernel.store import Recorded
from services.catalog.domain import (
    CategoryPublished,
    StylePublished,
    StyleRetired,
    StyleUsed,
    TrendRescaled,
    first_use,
)
from services.catalog.publishing import publish
from tests.given import NOW
from tests.unit.catalog.test_catalog import DAY_S, SHAPE, SHELF

TOLD = published.StylePublished(
    style_id=1,
    name="Ghibli Art",
    slug="ghibli-art",
    prompt_template="Repaint this photo.",
    negative_prompt="watermark",
    effect="anime",
    credits_required=50,
    active=True,
)
TREND = replace(first_use(NOW, DAY_S), key=1.0)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (CategoryPublished(3, SHELF), published.CategoryPublished(category_id=3, name="Anime & Cartoon", slug="anime")),
        (StylePublished(1, SHAPE), TOLD.model_copy(update={"is_new": True})),
        (StyleRetired(1, SHAPE), TOLD.model_copy(update={"active": False})),
        (StyleUsed(1, 70, NOW + timedelta(1), 8, TREND), published.StyleUsed(style_id=1, uses_count=8)),
        (TrendRescaled(1, 8, TREND), None),
    ],
)
def test_each_event_is_told_in_the_contracts_words(event: Any, told: Event | None) -> None:
    assert publish(Recorded(1, "style-1", 1, uuid4(), event, "", "", NOW)) == told


def test_a_style_is_new_only_once() -> None:
    assert publish(Recorded(2, "style-1", 2, uuid4(), StylePublished(1, SHAPE), "", "", NOW)) == TOLD
