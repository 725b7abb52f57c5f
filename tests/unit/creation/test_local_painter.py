import asyncio
import io
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from services.creation import prompts
from services.creation.adapters.local.atmosphere import DRESS_HINTS, MOODS, WEATHERS
from services.creation.adapters.local.canvas import Image, Random
from services.creation.adapters.local.effects import EFFECTS
from services.creation.adapters.local.painter import LocalPainter
from services.creation.painter import PainterFailed, PaintJob

Stage = Callable[[Image, Random], Image]
TOUCHES: Mapping[str, Stage] = {**MOODS, **WEATHERS, **DRESS_HINTS}
STAGES: Mapping[str, Stage] = {**EFFECTS, **TOUCHES}


def scene(width: int = 240, height: int = 180) -> Image:
    """Something like a portrait: a head and shoulders before a sky, with shading, edges and fine texture."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / min(width, height)
    picture = np.stack([120 + 60 * y, 160 + 30 * y, 230 - 40 * y], axis=2)
    middle = width / min(width, height) / 2
    picture[np.hypot(x - middle, y - 1.05) < 0.42] = (170, 60, 50)
    head = np.hypot(x - middle, (y - 0.42) * 0.85) < 0.22
    picture[head] = (226, 178, 148)
    for side in (-0.08, 0.08):
        picture[np.hypot(x - middle - side, y - 0.38) < 0.025] = (40, 30, 30)
    picture[(np.abs(y - 0.54) < 0.012) & (np.abs(x - middle) < 0.08)] = (150, 40, 50)
    picture *= (1 - 0.35 * (x - middle))[..., None]
    picture += np.random.default_rng(1).normal(0, 5, picture.shape)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def jpeg(picture: Image) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(picture).save(out, "JPEG", quality=92)
    return out.getvalue()


def run(stage: Stage, picture: Image, seed: int = 1) -> Image:
    return stage(picture, np.random.default_rng(seed))


def apart(one: Image, other: Image) -> float:
    """The mean distance of two pictures in the eyes of somebody who squints, 0 to 255."""
    small = [np.asarray(Pillow.fromarray(p).resize((60, 45), Pillow.Resampling.BOX), np.float32) for p in (one, other)]
    fine = np.abs(one.astype(np.float32) - other.astype(np.float32)).mean()
    return float(max(np.abs(small[0] - small[1]).mean(), fine))


PICTURE = scene()
PAINTED = {name: run(effect, PICTURE) for name, effect in EFFECTS.items()}

JOB = PaintJob(
    photo=jpeg(PICTURE),
    prompt="Paint it.",
    negative_prompt="",
    effect="watercolor",
    mood=None,
    weather=None,
    dress_style=None,
    seed=7,
)


@pytest.fixture
async def painter() -> AsyncIterator[LocalPainter]:
    painter = LocalPainter(threads=2)
    yield painter
    painter.close()


async def paint(painter: LocalPainter, job: PaintJob) -> tuple[Pillow.Image, list[int]]:
    steps: list[int] = []
    painting = await painter.paint(job, steps.append)
    assert painting.content_type == "image/jpeg"
    return Pillow.open(io.BytesIO(painting.data)), steps


def test_there_are_effects_for_the_whole_catalog() -> None:
    import yaml  # noqa: PLC0415 - only this test reads the catalog

    seed = yaml.safe_load((Path(__file__).parents[3] / "services/catalog/seed.yaml").read_text(encoding="utf-8"))
    assert {style["effect"] for style in seed["styles"]} <= set(EFFECTS)
    assert len(EFFECTS) >= 12


def test_every_option_of_the_contract_is_known() -> None:
    assert list(MOODS) == list(prompts.MOODS)
    assert list(WEATHERS) == list(prompts.WEATHERS)
    assert list(DRESS_HINTS) == list(prompts.DRESS_STYLES)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_visibly_changes_the_photo(name: str) -> None:
    assert apart(PICTURE, PAINTED[name]) > 8


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(EFFECTS, 2)))
def test_no_two_effects_look_alike(one: str, other: str) -> None:
    assert apart(PAINTED[one], PAINTED[other]) > 8


@pytest.mark.parametrize("name", TOUCHES)
def test_every_mood_weather_and_dress_shows_on_any_effect(name: str) -> None:
    for effect in ("oil", "line_art", "cyberpunk"):
        assert apart(PAINTED[effect], run(TOUCHES[name], PAINTED[effect])) > 2.5
    assert apart(PICTURE, run(TOUCHES[name], PICTURE)) > 4


def test_moods_and_weathers_do_what_they_are_called() -> None:
    def mean(name: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return np.asarray(run(TOUCHES[name], PICTURE).mean(axis=(0, 1)), np.float64)

    plain = PICTURE.mean(axis=(0, 1))
    assert mean("happy").sum() > plain.sum() > mean("sad").sum()
    assert np.ptp(run(TOUCHES["sad"], PICTURE).astype(int), axis=2).mean() < np.ptp(PICTURE.astype(int), axis=2).mean()
    assert mean("romantic")[0] - mean("romantic")[1] > plain[0] - plain[1]
    assert run(TOUCHES["dramatic"], PICTURE).std() > PICTURE.std() > run(TOUCHES["peaceful"], PICTURE).std()
    assert mean("night").sum() < 0.6 * plain.sum()
    assert mean("snowy").sum() > plain.sum()


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_keeps_the_size_and_gives_the_same_for_the_same_seed(name: str) -> None:
    first = run(STAGES[name], PICTURE, seed=3)
    assert first.shape == PICTURE.shape
    assert first.dtype == np.dtype(np.uint8)
    assert np.array_equal(first, run(STAGES[name], PICTURE, seed=3))


@pytest.mark.parametrize("size", [(16, 16), (16, 300), (300, 16), (33, 17)])
@pytest.mark.parametrize("name", STAGES)
def test_a_stage_takes_a_picture_of_any_shape(name: str, size: tuple[int, int]) -> None:
    for picture in (
        scene(*size),
        np.zeros((size[1], size[0], 3), np.uint8),
        np.full((size[1], size[0], 3), 255, np.uint8),
    ):
        assert run(STAGES[name], picture).shape == picture.shape


async def test_a_painting_is_a_jpeg_of_the_same_size_without_metadata(painter: LocalPainter) -> None:
    picture, _ = await paint(painter, JOB)
    assert (picture.format, picture.size) == ("JPEG", (240, 180))
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


async def test_progress_is_told_after_every_step(painter: LocalPainter) -> None:
    _, steps = await paint(painter, JOB)
    assert steps == [10, 90, 100]
    _, steps = await paint(painter, replace(JOB, mood="sad", weather="rainy", dress_style="formal"))
    assert steps == [10, 30, 50, 70, 90, 100]


async def test_the_same_job_gives_the_same_bytes_and_another_seed_gives_others(painter: LocalPainter) -> None:
    job = replace(JOB, mood="happy", weather="snowy")
    first, again = [await painter.paint(job, lambda _: None) for _ in range(2)]
    other = await painter.paint(replace(job, seed=-8), lambda _: None)
    assert first == again
    assert first != other


async def test_an_unknown_effect_fails_with_a_sentence(painter: LocalPainter) -> None:
    with pytest.raises(PainterFailed, match="choose another one") as caught:
        await painter.paint(replace(JOB, effect="hologram"), lambda _: None)
    assert caught.value.code == "AI_SERVICE_ERROR"


@pytest.mark.parametrize("photo", [b"", b"GIF89a", jpeg(PICTURE)[:900]])
async def test_a_photo_that_cannot_be_read_fails_with_a_sentence(painter: LocalPainter, photo: bytes) -> None:
    with pytest.raises(PainterFailed, match="could not be read"):
        await painter.paint(replace(JOB, photo=photo), lambda _: None)


async def test_a_photo_larger_than_promised_is_painted_at_the_promised_size(painter: LocalPainter) -> None:
    picture, _ = await paint(painter, replace(JOB, photo=jpeg(scene(1400, 700)), effect="noir"))
    assert picture.size == (1024, 512)


async def test_the_event_loop_turns_while_pictures_are_painted(painter: LocalPainter) -> None:
    jobs = [asyncio.create_task(painter.paint(replace(JOB, effect=name), lambda _: None)) for name in ("oil", "gold")]
    turns = 0
    while not all(job.done() for job in jobs):
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100
    assert all(job.result().data for job in jobs)


async def test_a_job_is_given_up_when_it_is_cancelled(painter: LocalPainter) -> None:
    steps: list[int] = []
    job = asyncio.create_task(painter.paint(replace(JOB, mood="sad"), steps.append))
    while not steps:
        await asyncio.sleep(0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert steps == [10]
