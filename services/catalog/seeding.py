"""Fills the catalog from `seed.yaml`: paints what pictures are missing, publishes what is new or has changed.

A picture's key follows from what it shows (style, effect, photo) and from a secret, so nobody can guess it and it stays
the same from run to run. A second run finds all pictures there and every shape as it was, and does nothing; a run
that was cut short is simply continued.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kernel.commands import CommandBus
from kernel.db import Database
from kernel.objects import Objects
from services.catalog import projections
from services.catalog.app import CODEC, CONFLICTS, CatalogSettings
from services.catalog.domain import CATEGORY, STYLE, CategoryShape, PublishCategory, PublishStyle, StyleShape

HERE = Path(__file__).parent
SEED = HERE / "seed.yaml"
PHOTOS = tuple(HERE / "photos" / name for name in ("astronaut.jpg", "chelsea.jpg", "coffee.jpg"))
PICTURES = "catalog/"
PICTURES_VERSION = 1
"""Raise it to have all pictures painted anew, as when the painter has learned something."""
PAINT_AT_ONCE = 2

Paint = Callable[[bytes, StyleShape], Awaitable[bytes]]
"""A photo (JPEG) and the style to paint it in → a picture (JPEG)."""
Thumbnail = Callable[[bytes], bytes]
"""A picture (JPEG) → a small WebP. Called in a thread."""
Tell = Callable[[int, int], None]
"""Called with (pictures painted, pictures to paint), also before the first."""


@dataclass(frozen=True, slots=True)
class SeedReport:
    """`painted` and `published` are what this run did; both are zero when all was there."""

    categories: int
    styles: int
    painted: int
    published: int


@dataclass(frozen=True, slots=True)
class _Picture:
    key: str
    photo: bytes
    style: StyleShape


@dataclass(frozen=True, slots=True)
class _Seed:
    categories: dict[int, CategoryShape]
    styles: dict[int, StyleShape]
    pictures: tuple[_Picture, ...]


async def seed_catalog(
    settings: CatalogSettings, paint: Paint, thumbnail: Thumbnail, tell: Tell, *, source: Path = SEED
) -> SeedReport:
    """Seed the database and the bucket that `settings` name; the service need not run, and may.

    The events lie in the store until the service's relay publishes them.
    """
    database = Database(settings.catalog_database_url)
    commands = CommandBus(database, CODEC, projections.project, conflicts=CONFLICTS)
    objects = Objects.of(settings)
    await database.open()
    commands.start()
    try:
        return await seed(commands, objects, settings.s3_secret_key, paint, thumbnail, tell, source=source)
    finally:
        await commands.close()
        await database.close()


async def seed(
    commands: CommandBus,
    objects: Objects,
    secret: str,
    paint: Paint,
    thumbnail: Thumbnail,
    tell: Tell,
    *,
    source: Path = SEED,
) -> SeedReport:
    """Pictures first, so that whatever is published has its pictures. `secret` makes their keys unguessable."""
    wanted = _read(source, secret)
    painted = await _paint_missing(wanted.pictures, objects, paint, thumbnail, tell)
    published = await _publish(commands, wanted)
    return SeedReport(len(wanted.categories), len(wanted.styles), painted, published)


def _read(source: Path, secret: str) -> _Seed:
    written = yaml.safe_load(source.read_text(encoding="utf-8"))
    photos = [path.read_bytes() for path in PHOTOS]
    category_ids = {entry["slug"]: entry["id"] for entry in written["categories"]}
    styles: dict[int, StyleShape] = {}
    pictures: list[_Picture] = []
    for number, entry in enumerate(written["styles"]):
        own = [photos[(number + turn) % len(photos)] for turn in range(len(photos))]
        keys = [_key(secret, entry, photo) for photo in own]
        style = _style(entry, category_ids, keys)
        styles[entry["id"]] = style
        pictures += [_Picture(key, photo, style) for key, photo in zip(keys, own, strict=True)]
    categories = {entry["id"]: _category(entry, styles) for entry in written["categories"]}
    return _Seed(categories, styles, tuple(pictures))


def _key(secret: str, entry: dict[str, Any], photo: bytes) -> str:
    shown = f"{PICTURES_VERSION}|{entry['slug']}|{entry['effect']}|".encode() + hashlib.sha256(photo).digest()
    secret_part = hmac.new(secret.encode(), shown, hashlib.sha256).hexdigest()[:40]
    return f"{PICTURES}{entry['slug']}-{secret_part}.webp"


def _style(entry: dict[str, Any], category_ids: dict[str, int], keys: Sequence[str]) -> StyleShape:
    return StyleShape(
        name=entry["name"],
        slug=entry["slug"],
        category_id=category_ids[entry["category"]],
        description=entry["description"],
        prompt_template=entry["prompt_template"],
        negative_prompt=entry["negative_prompt"],
        effect=entry["effect"],
        tags=tuple(entry["tags"]),
        credits_required=entry["credits_required"],
        preview_key=keys[0],
        sample_keys=tuple(keys[1:]),
    )


def _category(entry: dict[str, Any], styles: dict[int, StyleShape]) -> CategoryShape:
    """A category is shown by the preview of its first style."""
    previews = [style.preview_key for style in styles.values() if style.category_id == entry["id"]]
    return CategoryShape(
        name=entry["name"],
        slug=entry["slug"],
        icon=entry["icon"],
        description=entry["description"],
        display_order=entry["display_order"],
        preview_key=previews[0] if previews else None,
    )


async def _paint_missing(
    pictures: Sequence[_Picture], objects: Objects, paint: Paint, thumbnail: Thumbnail, tell: Tell
) -> int:
    there = set(await objects.keys(PICTURES))
    missing = [picture for picture in pictures if picture.key not in there]
    turns = asyncio.Semaphore(PAINT_AT_ONCE)
    done = 0
    tell(done, len(missing))

    async def make(picture: _Picture) -> None:
        nonlocal done
        async with turns:
            painted = await paint(picture.photo, picture.style)
            small = await asyncio.to_thread(thumbnail, painted)
            await objects.put(picture.key, small, "image/webp")
        done += 1
        tell(done, len(missing))

    async with asyncio.TaskGroup() as group:
        for picture in missing:
            group.create_task(make(picture))
    return done


async def _publish(commands: CommandBus, wanted: _Seed) -> int:
    """Categories first: a style is shown only in a category that is there."""

    async def say(decider: Any, entry_id: int, command: Any) -> int:
        outcome = await commands.execute(decider, entry_id, command, answer=lambda _, events: len(events))
        return int(outcome.answer)

    said = await asyncio.gather(
        *[say(CATEGORY, number, PublishCategory(number, shape)) for number, shape in wanted.categories.items()]
    )
    said += await asyncio.gather(
        *[say(STYLE, number, PublishStyle(number, shape)) for number, shape in wanted.styles.items()]
    )
    return sum(said)
