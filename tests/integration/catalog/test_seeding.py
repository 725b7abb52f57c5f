"""The seed catalog on real PostgreSQL and S3, painted by a painter that is quick."""

import asyncio
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml
from PIL import Image, ImageOps

from contracts.rpc.catalog import Categories, GetStyle, ListCategories, ListStyles, StyleDetail, StylePage
from kernel.objects import Objects
from services.catalog.app import CatalogSettings
from services.catalog.domain import STYLE, RetireStyle, StyleShape
from services.catalog.seeding import SEED, SeedReport, seed_catalog
from tests.integration.catalog.conftest import Shop

STYLES, CATEGORIES = 30, 9
PICTURES = STYLES * 3


@dataclass
class Studio:
    """A painter that inverts colours, and counts; it drops its brush after `endurance` pictures."""

    endurance: int = PICTURES
    painted: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    told: list[tuple[int, int]] = field(default_factory=list)

    async def paint(self, photo: bytes, style: StyleShape) -> bytes:
        if len(self.painted) >= self.endurance:
            raise RuntimeError("the brush fell")
        self.painted.append(style.slug)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        picture = await asyncio.to_thread(_invert, photo)
        self.at_once -= 1
        return picture

    def tell(self, done: int, wanted: int) -> None:
        self.told.append((done, wanted))

    async def seed(self, settings: CatalogSettings, source: Path = SEED) -> SeedReport:
        return await seed_catalog(settings, self.paint, _thumbnail, self.tell, source=source)


def _invert(photo: bytes) -> bytes:
    out = io.BytesIO()
    ImageOps.invert(Image.open(io.BytesIO(photo)).resize((32, 32))).save(out, "JPEG")
    return out.getvalue()


def _thumbnail(picture: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).save(out, "WEBP")
    return out.getvalue()


async def test_seeding_paints_and_publishes_everything_and_a_second_run_nothing(settings: CatalogSettings) -> None:
    first, second = Studio(), Studio()
    assert await first.seed(settings) == SeedReport(CATEGORIES, STYLES, PICTURES, CATEGORIES + STYLES)
    assert (first.told[0], first.told[-1], len(first.told)) == ((0, PICTURES), (PICTURES, PICTURES), PICTURES + 1)
    assert first.most_at_once == 2
    assert await second.seed(settings) == SeedReport(CATEGORIES, STYLES, 0, 0)
    assert (second.painted, second.told) == ([], [(0, 0)])


async def test_no_link_of_the_seeded_catalog_is_dead(settings: CatalogSettings, shop: Shop) -> None:
    await Studio().seed(settings)
    page: StylePage = await shop.ask(ListStyles(limit=0))
    shelves: Categories = await shop.ask(ListCategories())
    details: list[StyleDetail] = [await shop.ask(GetStyle(style_id=style.id)) for style in page.items]
    links = {link for detail in details for link in detail.sample_outputs}
    assert (len(page.items), page.total, len(links)) == (STYLES, STYLES, PICTURES)
    assert {style.preview_url for style in page.items} < links
    assert {shelf.preview_url for shelf in shelves.items} < links
    assert sum(shelf.styles_count for shelf in shelves.items) == STYLES
    assert all(detail.related_styles for detail in details)
    async with httpx.AsyncClient() as phone:
        for link in sorted(links):
            answer = await phone.get(link)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
            assert Image.open(io.BytesIO(answer.content)).size == (32, 32)
        bare = await phone.get(min(links).partition("?")[0])
    assert bare.status_code in {400, 403}  # without a signature nobody is let in


async def test_a_run_that_was_cut_short_publishes_nothing_and_is_continued(settings: CatalogSettings) -> None:
    tired, fresh = Studio(endurance=40), Studio()
    with pytest.raises(ExceptionGroup):
        await tired.seed(settings)
    kept = await Objects.of(settings).keys("catalog/")
    assert 38 <= len(kept) <= 40
    report = await fresh.seed(settings)
    assert (report.painted, report.published) == (PICTURES - len(kept), CATEGORIES + STYLES)


async def test_a_picture_that_was_lost_is_painted_again_under_its_old_link(settings: CatalogSettings) -> None:
    await Studio().seed(settings)
    objects = Objects.of(settings)
    before = await objects.keys("catalog/")
    await objects.delete(before[:2])
    report = await Studio().seed(settings)
    assert (report.painted, report.published) == (2, 0)
    assert await objects.keys("catalog/") == before


async def test_a_changed_style_is_published_anew_and_painted_only_if_it_looks_different(
    settings: CatalogSettings, shop: Shop, tmp_path: Path
) -> None:
    await Studio().seed(settings)
    written = yaml.safe_load(SEED.read_text(encoding="utf-8"))
    reworded, repainted = written["styles"][4], written["styles"][7]
    reworded["description"] = "Quite another description."
    repainted["effect"] = "neon"
    source = tmp_path / "seed.yaml"
    source.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    studio = Studio()
    report = await studio.seed(settings, source)
    assert (report.painted, report.published) == (3, 2)
    assert set(studio.painted) == {repainted["slug"]}
    detail: StyleDetail = await shop.ask(GetStyle(style_id=reworded["id"]))
    assert detail.description == "Quite another description."


async def test_seeding_anew_does_not_bring_back_a_retired_style(settings: CatalogSettings, shop: Shop) -> None:
    await Studio().seed(settings)
    await shop.service.commands.execute(STYLE, 7, RetireStyle(7))
    assert (await Studio().seed(settings)).published == 0
    assert len(await shop.styles()) == STYLES - 1


async def test_keys_hold_a_part_that_only_the_secret_gives(settings: CatalogSettings) -> None:
    await Studio().seed(settings)
    keys = await Objects.of(settings).keys("catalog/")
    secrets = {re.fullmatch(r"catalog/[a-z0-9-]+-([0-9a-f]{40})\.webp", key) for key in keys}
    assert (len(keys), len(secrets), None in secrets) == (PICTURES, PICTURES, False)
