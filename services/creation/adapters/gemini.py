"""The painter that asks Google's image models, with google-genai.

The package costs 65 MB and 0.8 s to import, so this module alone imports it, and is imported only when configured.
Models retire (Google announces it at ai.google.dev/gemini-api/docs/deprecations): they come as a list, and each one
that is gone, too busy or too slow hands over to the next. The package's own retries are off: they pass over the delay
that Google asks for, and know nothing of the next model.
"""

import asyncio
import io
import re
from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import Any

import httpx2
from google import genai
from google.genai import errors, types
from PIL import Image

from kernel.logging import log
from services.creation.adapters.posting import STAND_IN, posting, put_photo_in
from services.creation.painter import PainterFailed, Painting, PaintJob, PictureBlocked

BLOCKED = frozenset({
    "SAFETY",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "BLOCKLIST",
    "SPII",
    "RECITATION",
    "IMAGE_RECITATION",
    "JAILBREAK",
    "MODEL_ARMOR",
})  # fmt: skip
"""Reasons that no repetition changes. Any other, known or new, is asked about once more, and blames nobody."""

MAX_ANSWER_BYTES = 25 * 1024 * 1024
MAX_ANSWER_PIXELS = 4096 * 4096
ASKED_FOR_PICTURE = 2  # times, when an answer comes without one
LONGEST_DELAY_S = 8.0
JPEG_QUALITY = 92

SLOW = "The AI service took too long to answer. Please try again in a few minutes."
BUSY = "The AI service is busy at the moment. Please try again in a few minutes."
UNAVAILABLE = "The AI service is not available at the moment. Please try again later."
NO_PICTURE = "The AI service did not return a picture. Please try again, perhaps with another photo or wish."
REFUSED = "The photo or the wish was refused by the AI's safety rules. Please try another photo or wish."

_UNINTELLIGIBLE = (ValueError, TypeError, LookupError, AttributeError)
"""What google-genai raises over a body that is not what it should be: HTML, broken JSON, JSON of another shape."""
_TOO_MANY, _REQUEST_TIMEOUT, _KEY_REFUSED = 429, 408, frozenset({401, 402, 403})
_SERVER_ERRORS = range(500, 600)
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
_jitter = SystemRandom()


class _NextModel(Exception):
    """A model that will not do it; `reason` is what to say if there is no other."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _NoPicture(Exception):
    """An answer came, but no picture that can be used."""


class GeminiPainter:
    """Each of `models` is asked up to `attempts` times, `timeout_ms` each, and all of it ends within `deadline_ms`.

    `base_url` points elsewhere than at Google (a proxy, a test). At most `max_connections` jobs are asked for at once.
    """

    def __init__(
        self,
        *,
        api_key: str,
        models: Sequence[str],
        base_url: str | None = None,
        timeout_ms: int = 60_000,
        attempts: int = 3,
        deadline_ms: int = 150_000,
        backoff_ms: int = 500,
        max_connections: int = 512,
    ) -> None:
        if not models:
            raise ValueError("GeminiPainter needs at least one model")
        limits = httpx2.Limits(max_connections=max_connections, max_keepalive_connections=32)
        # A client of our own: google-genai would pass by httpx2 and its hook if aiohttp happened to be installed.
        hooks = {"request": [put_photo_in]}
        self._http = httpx2.AsyncClient(limits=limits, event_hooks=hooks, follow_redirects=True)
        options = types.HttpOptions(base_url=base_url, timeout=timeout_ms, httpx_async_client=self._http)
        self._client = genai.Client(api_key=api_key, vertexai=False, http_options=options)
        self._models = tuple(models)
        self._attempts = attempts
        self._deadline_s = deadline_ms / 1000
        self._backoff_s = backoff_ms / 1000

    async def paint(self, job: PaintJob, progress: Callable[[int], None]) -> Painting:
        """Errors: PictureBlocked, PainterFailed."""
        progress(5)
        try:
            async with asyncio.timeout(self._deadline_s):
                painting = await self._painting(job)
        except TimeoutError as error:
            raise PainterFailed(SLOW) from error
        progress(100)
        return painting

    async def close(self) -> None:
        await self._client.aio.aclose()
        await self._http.aclose()
        self._client.close()

    async def _painting(self, job: PaintJob) -> Painting:
        reason = UNAVAILABLE
        for model in self._models:
            try:
                return await self._painting_of(model, job)
            except _NextModel as error:
                reason = error.reason
        raise PainterFailed(reason)

    async def _painting_of(self, model: str, job: PaintJob) -> Painting:
        for _ in range(ASKED_FOR_PICTURE):
            try:
                data = await asyncio.to_thread(_as_jpeg, _picture_in(await self._answer(model, job)))
                return Painting(data=data, content_type="image/jpeg")
            except _NoPicture as error:
                log.warning("gemini answered without a picture", model=model, reason=str(error))
        raise PainterFailed(NO_PICTURE)

    async def _answer(self, model: str, job: PaintJob) -> types.GenerateContentResponse:
        """The model's answer, whatever it says. Errors: _NextModel, PainterFailed."""
        reason = UNAVAILABLE
        for attempt in range(self._attempts):
            delay_s = min(self._backoff_s * 2**attempt, LONGEST_DELAY_S) * _jitter.uniform(0.5, 1.5)
            try:
                with posting(job.photo):
                    return await self._client.aio.models.generate_content(
                        model=model, contents=_contents(job), config=_config(job)
                    )
            except errors.APIError as error:
                log.warning("gemini refused", model=model, code=error.code, status=error.status)
                reason = _reason_to_repeat(error)
                delay_s = _asked_delay_s(error, delay_s)
            except httpx2.TimeoutException:
                log.warning("gemini was too slow", model=model)
                reason = SLOW
            except (httpx2.HTTPError, *_UNINTELLIGIBLE) as error:
                log.warning("gemini could not be understood", model=model, error=type(error).__name__)
                reason = UNAVAILABLE
            if attempt + 1 < self._attempts:
                await asyncio.sleep(delay_s)
        raise _NextModel(reason)


def _contents(job: PaintJob) -> list[Any]:
    words = types.Part.from_text(text=job.prompt)
    return [words] if job.photo is None else [types.Part.from_bytes(data=STAND_IN, mime_type="image/jpeg"), words]


def _config(job: PaintJob) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        seed=job.seed % 2**31,
        image_config=types.ImageConfig(aspect_ratio=job.aspect_ratio) if job.aspect_ratio else None,
        automatic_continuation=False,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _reason_to_repeat(error: errors.APIError) -> str:
    """What to say when repeating does not help. Errors: _NextModel (not from this model), PainterFailed (from none)."""
    if error.code == _TOO_MANY:
        return BUSY
    if error.code == _REQUEST_TIMEOUT or error.code in _SERVER_ERRORS:
        return UNAVAILABLE
    if error.code in _KEY_REFUSED:
        log.error("gemini does not accept the API key", status=error.status)
        raise PainterFailed(UNAVAILABLE) from error
    raise _NextModel(UNAVAILABLE) from error  # 404: retired; 400: it cannot draw, or not with these options


def _asked_delay_s(error: errors.APIError, otherwise_s: float) -> float:
    """The pause that Google asks for (google.rpc.RetryInfo). Errors: _NextModel when it is too long to wait for."""
    try:
        details = error.details["error"]["details"]
        found = next((_DURATION.fullmatch(detail["retryDelay"]) for detail in details if "retryDelay" in detail), None)
    except (LookupError, TypeError):
        found = None
    if found is None:
        return otherwise_s
    asked_s = float(found[1])
    if asked_s > LONGEST_DELAY_S:
        raise _NextModel(BUSY) from error
    return max(asked_s, otherwise_s)


def _picture_in(response: types.GenerateContentResponse) -> bytes:
    """The bytes of the last picture that is meant to be seen. Errors: PictureBlocked, _NoPicture."""
    feedback = response.prompt_feedback
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    pictures = [part.inline_data.data for part in parts if not part.thought and part.inline_data]
    if pictures and pictures[-1]:
        return pictures[-1]
    reasons = (feedback.block_reason if feedback else None, candidate.finish_reason if candidate else None)
    names = [reason.value for reason in reasons if reason]
    if BLOCKED.intersection(names):
        raise PictureBlocked(REFUSED)
    raise _NoPicture(", ".join(names) or "empty")


def _as_jpeg(data: bytes) -> bytes:
    """The picture as a JPEG without metadata. Errors: _NoPicture when it is none, or out of all proportion."""
    if len(data) > MAX_ANSWER_BYTES:
        raise _NoPicture("too many bytes")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"]) as picture:
            if picture.width * picture.height > MAX_ANSWER_PIXELS:
                raise _NoPicture("too many pixels")
            opaque = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _NoPicture(f"not a picture: {type(error).__name__}") from error
    opaque.info.clear()
    out = io.BytesIO()
    opaque.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
