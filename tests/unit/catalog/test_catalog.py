"""The rules of the catalog, without any of the world."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise, permutations

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from services.catalog.domain.styles import (
    CATEGORY,
    STYLE,
    CategoryPublished,
    CategoryShape,
    PublishCategory,
    PublishStyle,
    RecordUse,
    RescaleTrend,
    RetireStyle,
    Style,
    StyleCommand,
    StylePublished,
    StyleRetired,
    StyleShape,
    StyleUsed,
    Trend,
    TrendRescaled,
    decide_style,
    evolve_style,
    first_use,
)
from tests.given import NOW, given

DAY_S = 86_400.0
A_DAY = timedelta(days=1)
SHELF = CategoryShape("Anime & Cartoon", "anime", "🌸", "Hand-drawn heroes", 1, "catalog/anime.webp")
SHAPE = StyleShape(
    name="Ghibli Art",
    slug="ghibli-art",
    category_id=1,
    description="Soft skies.",
    prompt_template="Repaint this photo.",
    negative_prompt="watermark",
    effect="anime",
    tags=("anime", "colorful"),
    credits_required=50,
    preview_key="catalog/a.webp",
    sample_keys=("catalog/b.webp",),
)
PUBLISHED = StylePublished(1, SHAPE)
USE = RecordUse(1, 70, NOW, DAY_S)
USED = StyleUsed(1, 70, NOW, 1, first_use(NOW, DAY_S))


def test_a_category_is_published_once_until_it_changes() -> None:
    published = CategoryPublished(1, SHELF)
    given(CATEGORY).when(PublishCategory(1, SHELF)).then(published)
    given(CATEGORY, published).when(PublishCategory(1, SHELF)).then()
    renamed = replace(SHELF, name="Anime")
    given(CATEGORY, published).when(PublishCategory(1, renamed)).then(CategoryPublished(1, renamed))


def test_a_style_is_published_once_until_it_changes() -> None:
    given(STYLE).when(PublishStyle(1, SHAPE)).then(PUBLISHED)
    given(STYLE, PUBLISHED).when(PublishStyle(1, SHAPE)).then()
    dearer = replace(SHAPE, credits_required=75)
    given(STYLE, PUBLISHED).when(PublishStyle(1, dearer)).then(StylePublished(1, dearer))


@pytest.mark.parametrize("credits_required", [0, -50])
def test_a_style_that_costs_nothing_is_refused(credits_required: int) -> None:
    given(STYLE).when(PublishStyle(1, replace(SHAPE, credits_required=credits_required))).then_refused(
        "VALIDATION_ERROR"
    )


def test_a_style_is_retired_once_and_says_what_it_was() -> None:
    given(STYLE, PUBLISHED).when(RetireStyle(1)).then(StyleRetired(1, SHAPE))
    given(STYLE, PUBLISHED, StyleRetired(1, SHAPE)).when(RetireStyle(1)).then()


def test_a_style_that_never_was_cannot_be_retired_or_used() -> None:
    given(STYLE).when(RetireStyle(1)).then_refused("STYLE_NOT_FOUND")
    given(STYLE).when(USE).then_refused("STYLE_NOT_FOUND")


def test_seeding_anew_does_not_bring_back_a_retired_style_but_a_new_shape_does() -> None:
    retired = given(STYLE, PUBLISHED, StyleRetired(1, SHAPE))
    retired.when(PublishStyle(1, SHAPE)).then()
    renewed = replace(SHAPE, name="Ghibli Art II")
    retired.when(PublishStyle(1, renewed)).then(StylePublished(1, renewed))
    assert evolve_style(retired.state, StylePublished(1, renewed)).active


def test_a_first_use_scores_one() -> None:
    given(STYLE, PUBLISHED).when(USE).then(USED)
    assert USED.trend.score(NOW) == 1.0


def test_a_use_adds_one_to_what_is_left_of_the_score() -> None:
    later = NOW + A_DAY
    [event] = decide_style(replace(USE, used_at=later), given(STYLE, PUBLISHED, USED).state, later)
    assert isinstance(event, StyleUsed)
    assert event.uses_count == 2
    assert event.trend.score(later) == pytest.approx(1.5)


def test_a_use_from_a_clock_that_is_ahead_counts_as_of_now() -> None:
    given(STYLE, PUBLISHED).when(replace(USE, used_at=NOW + A_DAY)).then(USED)


def test_a_picture_that_was_begun_before_its_style_was_retired_still_counts() -> None:
    given(STYLE, PUBLISHED, StyleRetired(1, SHAPE)).when(USE).then(USED)


def test_publishing_anew_and_retiring_keep_the_uses() -> None:
    history = given(STYLE, PUBLISHED, USED, StyleRetired(1, SHAPE), StylePublished(1, replace(SHAPE, name="New")))
    assert (history.state.uses_count, history.state.trend) == (1, USED.trend)


def test_a_new_half_life_keeps_the_score_of_the_moment_and_falls_at_its_own_pace() -> None:
    used = given(STYLE, PUBLISHED, USED)
    [event] = decide_style(RescaleTrend(1, DAY_S / 2), used.state, NOW + A_DAY)
    assert isinstance(event, TrendRescaled)
    assert event.uses_count == 1
    assert event.trend.score(NOW + A_DAY) == pytest.approx(0.5)
    assert event.trend.score(NOW + A_DAY * 2) == pytest.approx(0.125)


def test_the_same_half_life_changes_nothing_nor_does_any_where_nothing_was_used() -> None:
    given(STYLE, PUBLISHED, USED).when(RescaleTrend(1, DAY_S)).then()
    given(STYLE, PUBLISHED).when(RescaleTrend(1, DAY_S / 2)).then()


ages_s = st.floats(0, 90 * DAY_S)
half_lives_s = st.floats(3600, 30 * DAY_S)


def trend_of(uses_ago_s: list[float], half_life_s: float) -> Trend:
    """The trend after uses that were so many seconds before NOW, in this order of arrival."""
    first, *others = [NOW - timedelta(seconds=age_s) for age_s in uses_ago_s]
    return reduce(Trend.with_use, others, first_use(first, half_life_s))


def score_step_by_step(uses_ago_s: list[float], half_life_s: float, at: datetime) -> float:
    """The score as it is explained: at each use, what is left of it plus one."""
    score, before = 0.0, NOW
    for moment in sorted(NOW - timedelta(seconds=age_s) for age_s in uses_ago_s):
        score = score * 2 ** (-(moment - before).total_seconds() / half_life_s) + 1 if score else 1.0
        before = moment
    return float(score * 2 ** (-(at - before).total_seconds() / half_life_s))


@for_any(st.lists(ages_s, min_size=1, max_size=30), half_lives_s, ages_s)
def test_the_score_is_the_decaying_count_of_uses(uses: list[float], half_life_s: float, later_s: float) -> None:
    at = NOW + timedelta(seconds=later_s)
    assert trend_of(uses, half_life_s).score(at) == pytest.approx(
        score_step_by_step(uses, half_life_s, at), rel=1e-6, abs=1e-300
    )


@for_any(
    st.lists(st.lists(ages_s, min_size=1, max_size=8), min_size=2, max_size=12),
    half_lives_s,
    st.floats(0, 30 * DAY_S),
)
def test_styles_ordered_by_key_are_ordered_by_score_at_every_later_time(
    styles: list[list[float]], half_life_s: float, later_s: float
) -> None:
    by_key = sorted(styles, key=lambda uses: trend_of(uses, half_life_s).key)
    at = NOW + timedelta(seconds=later_s)
    logarithms = [_log2(score_step_by_step(uses, half_life_s, at)) for uses in by_key]
    # Scores that differ by less than a millionth may come either way.
    assert all(lower <= higher + 1e-6 for lower, higher in pairwise(logarithms))


def _log2(score: float) -> float:
    return math.log2(score) if score else -math.inf


@for_any(st.lists(ages_s, min_size=2, max_size=4), half_lives_s)
def test_the_order_in_which_uses_arrive_does_not_matter(uses: list[float], half_life_s: float) -> None:
    keys = [trend_of(list(order), half_life_s).key for order in permutations(uses)]
    assert keys == pytest.approx([keys[0]] * len(keys), rel=1e-12)


def commands() -> st.SearchStrategy[StyleCommand]:
    shapes = st.builds(replace, st.just(SHAPE), name=st.sampled_from(["A", "B"]))
    moments = st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours))
    return st.one_of(
        st.builds(PublishStyle, st.just(1), shapes),
        st.just(RetireStyle(1)),
        st.builds(RecordUse, st.just(1), st.integers(1, 99), moments, st.sampled_from([DAY_S, DAY_S / 2])),
        st.builds(RescaleTrend, st.just(1), st.sampled_from([DAY_S, DAY_S / 2])),
    )


@for_any(st.lists(commands(), max_size=40))
def test_every_use_counts_once_and_a_score_is_never_more_than_the_uses(steps: list[StyleCommand]) -> None:
    style = evolve_style(Style(), PUBLISHED)
    for command in steps:
        for event in decide_style(command, style, NOW):
            style = evolve_style(style, event)
    uses = sum(isinstance(command, RecordUse) for command in steps)
    assert style.uses_count == uses
    assert (style.trend is None) == (uses == 0)
    if style.trend:
        assert 0 < style.trend.score(NOW) <= uses * (1 + 1e-9)
