"""The Gemini painter, through google-genai and real HTTP, against a server that answers as Google does on bad days."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types
from PIL import Image

from services.creation.adapters import gemini
from services.creation.adapters.gemini import GeminiPainter
from services.creation.adapters.posting import STAND_IN, posting, put_photo_in
from services.creation.painter import PainterFailed, Painting, PaintJob, PictureBlocked
from tests.fakes.gemini import (
    Answer,
    FakeGemini,
    a_picture,
    blocked,
    empty,
    error,
    finished,
    garbage,
    hang,
    html,
    image_part,
    in_json,
    parts,
    picture,
)

PHOTO = a_picture((80, 60), "JPEG")
JOB = PaintJob(
    photo=PHOTO,
    prompt="Paint it in oil.",
    negative_prompt="blur",
    effect="oil",
    mood=None,
    weather=None,
    dress_style=None,
    seed=-3,
)
MakePainter = Callable[..., GeminiPainter]


@pytest.fixture
async def fake() -> AsyncIterator[FakeGemini]:
    async with FakeGemini() as running:
        yield running


@pytest.fixture
async def make_painter(fake: FakeGemini) -> AsyncIterator[MakePainter]:
    made: list[GeminiPainter] = []

    def make(**options: Any) -> GeminiPainter:
        defaults: dict[str, Any] = {"models": ("first", "second"), "attempts": 2, "timeout_ms": 5000, "backoff_ms": 1}
        made.append(GeminiPainter(api_key="the-key", base_url=fake.base_url, **{**defaults, **options}))
        return made[-1]

    yield make
    for painter in made:
        await painter.close()


async def paint(painter: GeminiPainter, job: PaintJob = JOB) -> Painting:
    return await painter.paint(job, lambda _: None)


def models_asked(fake: FakeGemini) -> list[str]:
    return [request.model for request in fake.requests]


async def test_a_picture_comes_back_as_a_jpeg_without_metadata(fake: FakeGemini, make_painter: MakePainter) -> None:
    tags = Image.Exif()
    tags[0x010F] = "SECRET"
    fake.script.append(picture(a_picture((640, 480), "PNG", exif=tags)))
    painting = await paint(make_painter())
    assert painting.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(painting.data)).size == (640, 480)
    assert b"SECRET" not in painting.data


async def test_the_request_carries_photo_prompt_and_key(fake: FakeGemini, make_painter: MakePainter) -> None:
    await paint(make_painter())
    (request,) = fake.requests
    assert request.path == "/v1/models/first:generateContent"
    assert request.headers["x-goog-api-key"] == "the-key"
    assert request.photo == PHOTO
    assert request.prompt == JOB.prompt
    assert request.body is not None
    assert request.body["generationConfig"] == {"responseModalities": ["IMAGE"], "seed": 2**31 - 3}


async def test_progress_rises_to_a_hundred(make_painter: MakePainter) -> None:
    steps: list[int] = []
    await make_painter().paint(JOB, steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 100


async def test_a_thought_is_not_taken_for_the_picture(fake: FakeGemini, make_painter: MakePainter) -> None:
    sketch = {**image_part(a_picture((32, 32))), "thought": True}
    fake.script.append(parts(sketch, image_part(a_picture((99, 66))), {"text": "done"}))
    painting = await paint(make_painter())
    assert Image.open(io.BytesIO(painting.data)).size == (99, 66)


@pytest.mark.parametrize(
    "bad", [error(429, "RESOURCE_EXHAUSTED"), error(500, "INTERNAL"), error(503, "UNAVAILABLE"), html()]
)
async def test_a_passing_failure_is_tried_again(fake: FakeGemini, make_painter: MakePainter, bad: Answer) -> None:
    fake.script.append(bad)
    await paint(make_painter())
    assert models_asked(fake) == ["first", "first"]


@pytest.mark.parametrize("bad", [garbage(), Answer(b"[]", 500), Answer(b"<html>", 200), in_json({"candidates": [3]})])
async def test_an_answer_that_makes_no_sense_is_tried_again(
    fake: FakeGemini, make_painter: MakePainter, bad: Answer
) -> None:
    fake.script.append(bad)
    await paint(make_painter())
    assert models_asked(fake) == ["first", "first"]


async def test_a_lasting_failure_hands_over_to_the_next_model(fake: FakeGemini, make_painter: MakePainter) -> None:
    fake.by_model["first"] = error(503, "UNAVAILABLE")
    await paint(make_painter())
    assert models_asked(fake) == ["first", "first", "second"]


@pytest.mark.parametrize("status", [400, 404])
async def test_a_retired_or_unfit_model_is_not_asked_twice(
    fake: FakeGemini, make_painter: MakePainter, status: int
) -> None:
    fake.by_model["first"] = error(status, "NOT_FOUND")
    await paint(make_painter())
    assert models_asked(fake) == ["first", "second"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (error(429, "RESOURCE_EXHAUSTED"), gemini.BUSY),
        (error(500, "INTERNAL"), gemini.UNAVAILABLE),
        (html(), gemini.UNAVAILABLE),
        (garbage(), gemini.UNAVAILABLE),
    ],
)
async def test_when_every_model_fails_the_person_is_told_what_to_do_in_our_words(
    fake: FakeGemini, make_painter: MakePainter, bad: Answer, message: str
) -> None:
    fake.otherwise = bad
    with pytest.raises(PainterFailed) as caught:
        await paint(make_painter())
    assert models_asked(fake) == ["first", "first", "second", "second"]
    assert caught.value.code == "AI_SERVICE_ERROR"
    assert caught.value.message == message
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_not_tried_again_anywhere(
    fake: FakeGemini, make_painter: MakePainter, status: int
) -> None:
    fake.otherwise = error(status, "PERMISSION_DENIED")
    with pytest.raises(PainterFailed):
        await paint(make_painter())
    assert len(fake.requests) == 1


async def test_a_short_delay_that_is_asked_for_is_kept(fake: FakeGemini, make_painter: MakePainter) -> None:
    fake.script.append(error(429, "RESOURCE_EXHAUSTED", retry_delay="0.2s"))
    times: list[float] = []
    fake.on_request = lambda: times.append(asyncio.get_running_loop().time())
    await paint(make_painter())
    assert times[1] - times[0] >= 0.2


async def test_a_long_delay_that_is_asked_for_is_spent_with_the_next_model(
    fake: FakeGemini, make_painter: MakePainter
) -> None:
    fake.by_model["first"] = error(429, "RESOURCE_EXHAUSTED", retry_delay="41s")
    await paint(make_painter())
    assert models_asked(fake) == ["first", "second"]


async def test_a_model_that_hangs_is_left_for_the_next(fake: FakeGemini, make_painter: MakePainter) -> None:
    fake.by_model["first"] = hang()
    await paint(make_painter(timeout_ms=60, attempts=1))
    assert models_asked(fake) == ["first", "second"]


async def test_when_every_model_hangs_the_person_is_told_that_it_was_slow(
    fake: FakeGemini, make_painter: MakePainter
) -> None:
    fake.otherwise = hang()
    with pytest.raises(PainterFailed) as caught:
        await paint(make_painter(timeout_ms=60, attempts=1))
    assert caught.value.message == gemini.SLOW


async def test_the_deadline_ends_everything(fake: FakeGemini, make_painter: MakePainter) -> None:
    fake.otherwise = hang()
    with pytest.raises(PainterFailed) as caught:
        await paint(make_painter(deadline_ms=80))
    assert caught.value.message == gemini.SLOW
    assert models_asked(fake) == ["first"]


async def test_nobody_listening_is_a_failure_with_a_sentence(fake: FakeGemini, make_painter: MakePainter) -> None:
    painter = make_painter()
    await fake.stop()
    with pytest.raises(PainterFailed) as caught:
        await paint(painter)
    assert caught.value.message == gemini.UNAVAILABLE


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY"])
async def test_a_blocked_prompt_is_final(fake: FakeGemini, make_painter: MakePainter, reason: str) -> None:
    fake.otherwise = blocked(reason)
    with pytest.raises(PictureBlocked) as caught:
        await paint(make_painter())
    assert caught.value.code == "NSFW_DETECTED"
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "reason",
    [
        "SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_RECITATION",
    ],
)
async def test_a_blocked_picture_is_final(fake: FakeGemini, make_painter: MakePainter, reason: str) -> None:
    fake.otherwise = finished(reason)
    with pytest.raises(PictureBlocked):
        await paint(make_painter())
    assert len(fake.requests) == 1


WITHOUT_PICTURE = {
    "no image": finished("NO_IMAGE"),
    "other": finished("OTHER"),
    "image other": finished("IMAGE_OTHER"),
    "prompt blocked for another reason": blocked("OTHER"),
    "a reason of tomorrow": finished("IMAGE_TOO_BORING"),
    "a block of tomorrow": blocked("MOON_PHASE"),
    "nothing": empty(),
    "null": Answer(b"null"),
    "words": parts({"text": "I cannot do that."}),
    "an empty part": parts({"inlineData": {"mimeType": "image/png"}}),
    "bytes that are no picture": picture(b"\x89PNG\r\n\x1a\n garbage"),
    "a truncated picture": picture(a_picture((200, 200), "JPEG")[:700]),
    "another kind of picture": picture(a_picture(kind="GIF")),
    "a giant": picture(a_picture((16, 16)).replace(b"IHDR\0\0\0\x10\0\0\0\x10", b"IHDR\0\0\x75\x30\0\0\x75\x30")),
}


@pytest.mark.filterwarnings("ignore:.* is not a valid (FinishReason|BlockedReason)")  # how google-genai greets new ones
@pytest.mark.parametrize("answer", WITHOUT_PICTURE.values(), ids=WITHOUT_PICTURE)
async def test_an_answer_without_a_picture_is_asked_for_once_more(
    fake: FakeGemini, make_painter: MakePainter, answer: Answer
) -> None:
    fake.script.append(answer)
    await paint(make_painter())
    assert models_asked(fake) == ["first", "first"]
    fake.otherwise = answer
    with pytest.raises(PainterFailed) as caught:
        await paint(make_painter())
    assert len(fake.requests) == 4
    assert caught.value.message == gemini.NO_PICTURE


async def test_cancelling_hangs_up(fake: FakeGemini, make_painter: MakePainter) -> None:
    arrived = asyncio.Event()
    fake.on_request = arrived.set
    fake.otherwise = hang()
    job = asyncio.create_task(paint(make_painter()))
    await arrived.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    async with asyncio.timeout(5):
        while fake.in_flight:
            await asyncio.sleep(0)


async def test_many_jobs_are_in_flight_at_once(fake: FakeGemini, make_painter: MakePainter) -> None:
    all_there = asyncio.Event()
    jobs = 150  # more than the hundred connections that the HTTP client allows by default

    def count() -> None:
        if len(fake.requests) == jobs:
            all_there.set()

    fake.on_request = count
    fake.otherwise = picture().after(1500)
    painter = make_painter(timeout_ms=30_000)
    tasks = [asyncio.create_task(paint(painter)) for _ in range(jobs)]
    await asyncio.wait_for(all_there.wait(), 20)
    assert fake.most_in_flight > 100
    await asyncio.gather(*tasks)


def test_a_painter_without_a_model_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        GeminiPainter(api_key="key", models=())


async def test_the_photo_is_posted_piece_by_piece_in_the_words_of_the_plain_package(
    fake: FakeGemini, make_painter: MakePainter
) -> None:
    photo = bytes(range(256)) * 500 + b"."  # several pieces, and a last one that needs padding
    job = replace(JOB, photo=photo, prompt='"Rød" \\ and a line\nmore')
    fake.script.append(error(503, "UNAVAILABLE"))
    await paint(make_painter(), job)
    await plainly_asked(fake, job)
    again, repeated, plain = fake.requests
    assert plain.photo == photo
    assert again.body == repeated.body == plain.body
    assert again.body_bytes == repeated.body_bytes == plain.body_bytes
    assert again.headers == repeated.headers == plain.headers


async def plainly_asked(fake: FakeGemini, job: PaintJob) -> None:
    async with httpx2.AsyncClient() as http:  # or it takes aiohttp where that is installed
        options = types.HttpOptions(base_url=fake.base_url, timeout=5000, httpx_async_client=http)
        client = genai.Client(api_key="the-key", vertexai=False, http_options=options)
        await _ask(client, job)


async def _ask(client: genai.Client, job: PaintJob) -> None:
    photo = types.Part.from_bytes(data=job.photo or b"", mime_type="image/jpeg")
    contents: list[Any] = [photo, types.Part.from_text(text=job.prompt)]
    await client.aio.models.generate_content(model="first", contents=contents, config=gemini._config(job))
    await client.aio.aclose()
    client.close()


async def test_a_request_that_has_no_place_for_the_photo_is_not_sent() -> None:
    with posting(PHOTO), pytest.raises(ValueError, match="no place"):
        await put_photo_in(httpx2.Request("POST", "http://localhost", content=b"{}"))


async def test_a_request_that_is_redirected_carries_the_photo_again() -> None:
    mark = base64.urlsafe_b64encode(STAND_IN)
    request = httpx2.Request("POST", "http://localhost", content=b"<" + mark + b">")
    with posting(PHOTO):
        await put_photo_in(request)
        again = httpx2.Request("POST", "http://elsewhere", headers=request.headers, stream=request.stream)
        await put_photo_in(again)
    for sent in (request, again):
        assert b"".join([piece async for piece in sent.stream]) == b"<" + base64.urlsafe_b64encode(PHOTO) + b">"  # type: ignore[union-attr]
        assert sent.headers["content-length"] == str(len(base64.urlsafe_b64encode(PHOTO)) + 2)
