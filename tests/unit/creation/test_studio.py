"""Models with prices, words that are refused, and pictures drawn from words."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.rpc.jobs import ImaginePictures
from services.creation.adapters.local.effects import EFFECTS
from services.creation.adapters.local.imagined import THINGS, imagine, scene_of
from services.creation.adapters.local.variations import vary
from services.creation.decency import check_words
from services.creation.domain import CREATION, CreationFailed, RefuseCreation
from services.creation.models import Models
from services.creation.prompts import (
    FENCE_CLOSE,
    MAX_PROMPT_CHARS,
    MAX_WORDS_CHARS,
    SAFETY,
    build_imagining,
    clean_wish,
)
from tests.given import given as given_events
from tests.given import refused
from tests.unit.creation.test_domain import OWNER, REQUESTED
from tests.unit.creation.test_local_painter import JOB, PICTURE, apart, run


def models(
    *, painter: str = "local", key: bool = False, names: tuple[str, ...] = ("gemini-3-pro-image", "x")
) -> Models:
    return Models(painter=painter, gemini_models=names, gemini_is_set_up=key)  # type: ignore[arg-type]


async def test_models_are_offered_with_prices_and_unavailable_ones_are_shown() -> None:
    items = (await models().offered()).items
    assert [(item.id, item.credits, item.available, item.is_default) for item in items] == [
        ("local", 0, True, True),
        ("gemini-3-pro-image", 100, False, False),
        ("x", 50, False, False),
    ]


async def test_the_default_model_costs_nothing_more_even_by_its_name() -> None:
    offered = models(painter="gemini", key=True)
    assert [item.id for item in (await offered.offered()).items if item.is_default] == ["gemini-3-pro-image"]
    assert [offered.surcharge(model, "photo") for model in (None, "gemini-3-pro-image", "x", "local")] == [0, 0, 50, 0]


@pytest.mark.parametrize("model", ["gemini-3-pro-image", "nothing", "", "LOCAL"])
def test_a_model_that_is_not_there_is_refused(model: str) -> None:
    with refused("MODEL_NOT_FOUND"):
        models().surcharge(model, "text")


@pytest.mark.parametrize("words", ["a naked man", "NUDE", "n\u00fcde", "p0rn star", "\uff4eude art", "so, gore!"])
def test_words_that_ask_for_what_is_not_made_here_are_refused(words: str) -> None:
    with refused("NSFW_DETECTED"):
        check_words(words)


@pytest.mark.parametrize("words", ["Essex in autumn", "a grapefruit", "Wild West", "सूर्यास्त", "🌅", "5 cats"])
def test_words_that_only_contain_such_words_are_not(words: str) -> None:
    check_words(words)


@given(st.text(max_size=700), st.text(max_size=2000))
def test_a_prompt_of_words_is_bounded_fenced_and_ends_with_the_rules(words: str, look: str) -> None:
    cleaned = clean_wish(words, MAX_WORDS_CHARS)
    prompt = build_imagining(look, negative_prompt=look, mood="dramatic", weather="sunny", words=cleaned)
    assert len(prompt) <= MAX_PROMPT_CHARS
    assert prompt.endswith(f"{FENCE_CLOSE}\n{SAFETY}")
    assert len(cleaned) <= MAX_WORDS_CHARS
    assert FENCE_CLOSE not in cleaned


def test_too_few_credits_for_all_are_told_as_a_sum() -> None:
    refuse = RefuseCreation(1, "insufficient_credits", 120, needed=200)
    message = "You need 200 credits. You have 120."
    given_events(CREATION, REQUESTED).when(refuse).then(CreationFailed(1, OWNER, "INSUFFICIENT_CREDITS", message))


def test_the_same_words_and_number_are_the_same_picture_and_others_another() -> None:
    pictures = [imagine(words, number, "16:9") for words in ("a red dragon", "a blue lake") for number in (0, 1)]
    assert all(picture.shape == (576, 1024, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert np.array_equal(pictures[0], imagine("A red DRAGON", 0, "16:9"))
    assert all(apart(one, other) > 8 for one, other in itertools.combinations(pictures, 2))


def test_words_that_name_things_choose_what_is_drawn() -> None:
    assert scene_of("stars over a city by the sea", 0).things == {"stars", "city", "sea"}
    assert scene_of("a rose garden", 0).palette != scene_of("snow and ice", 0).palette
    assert imagine("moon", 0, "9:16").shape == (1024, 576, 3)


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_words_lead_to_a_scene(words: str, number: int) -> None:
    scene = scene_of(words, number)
    assert scene.things <= set(THINGS)
    assert scene.things


@pytest.mark.parametrize("name", ["pencil", "noir", "watercolor", "pixel_art"])
def test_the_pictures_of_one_job_differ_whatever_the_effect(name: str) -> None:
    made = [run(EFFECTS[name], vary(PICTURE, number), seed=number) for number in range(4)]
    assert np.array_equal(vary(PICTURE, 0), PICTURE)
    assert {picture.shape for picture in made} == {PICTURE.shape}
    assert all(apart(one, other) > 2 for one, other in itertools.combinations(made, 2))
    assert JOB.number == 0


@pytest.mark.parametrize("quantity", [0, 5, -1])
def test_only_one_to_four_pictures_may_be_asked_for(quantity: int) -> None:
    with pytest.raises(ValidationError):
        ImaginePictures(user_id=7, prompt="a dragon", quantity=quantity)
