"""Lists, search and details on a real PostgreSQL, asked over a real NATS."""

from datetime import timedelta

import pytest

from contracts.rpc.catalog import Categories, GetStyle, ListCategories, ListStyles, StyleDetail, StylePage
from services.catalog.domain import STYLE, RetireStyle
from tests.given import refused
from tests.integration.catalog.conftest import Shop, Voice
from tests.waiting import until


async def test_an_empty_catalog_has_empty_lists(shop: Shop) -> None:
    assert await shop.ask(ListCategories()) == Categories(items=[])
    assert await shop.ask(ListStyles()) == StylePage(items=[], total=0)
    assert await shop.trending() == []


async def test_categories_stand_in_their_order_with_a_true_count_of_styles(shop: Shop) -> None:
    await shop.category(1, "last", display_order=3)
    await shop.category(2, "first", display_order=1)
    await shop.category(3, "empty", display_order=2)
    for style_id, category_id in ((1, 1), (2, 1), (3, 2), (4, 2)):
        await shop.style(style_id, f"Style {style_id}", category_id=category_id)
    await shop.service.commands.execute(STYLE, 4, RetireStyle(4))
    found: Categories = await shop.ask(ListCategories())
    assert [(category.slug, category.styles_count) for category in found.items] == [
        ("first", 1),
        ("empty", 0),
        ("last", 2),
    ]
    page: StylePage = await shop.ask(ListStyles(category="last"))
    assert {style.category for style in page.items} == {found.items[2]}


async def test_a_category_narrows_the_list_and_an_unknown_one_empties_it(shop: Shop) -> None:
    await shop.category(1, "art")
    await shop.category(2, "film")
    await shop.style(1, "Oil")
    await shop.style(2, "Noir", category_id=2)
    assert await shop.styles(category="film") == ["Noir"]
    assert await shop.styles(category="") == ["Oil", "Noir"]
    for unknown in ("opera", "FILM", "film' OR '1'='1", "%", "film\x00", "💥" * 500):
        assert await shop.ask(ListStyles(category=unknown)) == StylePage(items=[], total=0)


SEARCHES = {
    "ghibli": ["Ghibli Art"],
    "GHIBLI art": ["Ghibli Art"],
    "art ghib": ["Ghibli Art"],
    "hibli": [],
    "ghibli rose": [],
    "eclat": ["Éclat d'Or"],
    "ÉCLAT or": ["Éclat d'Or"],
    "e\u0301clat": ["Éclat d'Or"],
    "d'or": ["Éclat d'Or"],
    "100": ["100% Neon_Glow"],
    "100%": ["100% Neon_Glow"],
    "neon_glow": ["100% Neon_Glow"],
    "n_on": [],
    "stained": ["Éclat d'Or"],
    "stained-glass": ["Éclat d'Or"],
    "colour": ["Ghibli Art", "Éclat d'Or"],
    "   ": ["Ghibli Art", "Éclat d'Or", "100% Neon_Glow"],
    "": ["Ghibli Art", "Éclat d'Or", "100% Neon_Glow"],
    "%": [],
    "_": [],
    "\\": [],
    "' OR 1=1 --": [],
    "'; DROP TABLE styles; --": [],
    "\x00": [],
    "a " * 5000: ["Ghibli Art"],
    "हिन्दी": [],
}


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: repr(search[:24]))
async def test_search_finds_whole_names_and_tags_by_the_beginnings_of_their_words(shop: Shop, search: str) -> None:
    await shop.category(1, "art")
    await shop.style(1, "Ghibli Art", tags=("anime", "colourful"))
    await shop.style(2, "Éclat d'Or", tags=("stained-glass", "colourful"))
    await shop.style(3, "100% Neon_Glow")
    assert await shop.styles(search=search) == SEARCHES[search]
    assert len(await shop.styles()) == 3


async def test_filters_add_up(shop: Shop) -> None:
    await shop.category(1, "art")
    await shop.category(2, "film")
    await shop.style(1, "Gold Leaf")
    await shop.style(2, "Gold Noir", category_id=2)
    assert await shop.styles(category="film", search="gold", new=True, trending=True) == ["Gold Noir"]
    assert await shop.styles(category="film", search="leaf") == []


async def test_new_are_the_styles_of_the_last_seven_days_and_changes_do_not_make_them_new(shop: Shop) -> None:
    await shop.category(1, "art")
    await shop.style(1, "Oil")
    shop.now += timedelta(days=6, hours=23)
    assert await shop.styles(new=True) == ["Oil"]
    shop.now += timedelta(hours=1, minutes=1)
    await shop.style(1, "Oil Paint")
    assert await shop.styles(new=True) == []
    assert await shop.styles(new=False) == ["Oil Paint"]
    page: StylePage = await shop.ask(ListStyles())
    assert not page.items[0].is_new


async def test_sorting_by_name_ignores_case_and_accents(shop: Shop) -> None:
    await shop.fill("zinc", "Émail", "Ebony", "apple Tree", "Apple", "Éclair")
    assert await shop.styles(sort="name") == ["Apple", "apple Tree", "Ebony", "Éclair", "Émail", "zinc"]


async def test_sorting_by_age_shows_the_newest_first(shop: Shop) -> None:
    await shop.fill("First", "Second", "Third")
    await shop.style(1, "First again")
    assert await shop.styles(sort="newest") == ["Third", "Second", "First again"]


async def test_sorting_by_popularity_counts_uses_then_ids(shop: Shop, voice: Voice) -> None:
    await shop.fill("One", "Two", "Three", "Four")
    for style_id in (3, 3, 2):
        await voice.generated(style_id, at=shop.now)
    await until(shop.styles, lambda names: names == ["Three", "Two", "One", "Four"])


async def test_pages_are_complete_disjoint_and_know_their_total(shop: Shop) -> None:
    await shop.fill(*(f"Style {number}" for number in range(1, 8)))
    pages: list[StylePage] = [await shop.ask(ListStyles(page=number, limit=3)) for number in (1, 2, 3, 4, 10**30)]
    assert [[style.id for style in page.items] for page in pages] == [[1, 2, 3], [4, 5, 6], [7], [], []]
    assert {page.total for page in pages} == {7}
    everything: StylePage = await shop.ask(ListStyles(limit=0))
    assert (len(everything.items), everything.total) == (7, 7)


@pytest.mark.parametrize("wish", [{"page": 0}, {"page": -1}, {"limit": -1}])
async def test_a_page_that_cannot_be_is_refused(shop: Shop, wish: dict[str, int]) -> None:
    with refused("VALIDATION_ERROR"):
        await shop.ask(ListStyles.model_validate(wish))


async def test_a_detail_shows_the_beginning_of_the_template_and_links_to_all_pictures(shop: Shop) -> None:
    await shop.category(1, "art")
    await shop.style(1, "Oil", tags=("paint",))
    detail: StyleDetail = await shop.ask(GetStyle(style_id=1))
    assert detail.prompt_template == " ".join(f"word{n}" for n in range(1, 21)) + "…"
    assert [link.split("?")[0].rpartition("/")[2] for link in detail.sample_outputs] == [
        "1-preview.webp",
        "1-sample.webp",
    ]
    assert detail.preview_url == detail.sample_outputs[0]
    assert (detail.related_styles, detail.tags, detail.uses_count, detail.is_new) == ([], ["paint"], 0, True)


async def test_related_styles_share_category_or_tags_and_the_closest_come_first(shop: Shop) -> None:
    await shop.category(1, "art")
    await shop.category(2, "film")
    await shop.style(1, "Oil", tags=("warm", "paint"))
    await shop.style(2, "Far", category_id=2, tags=("cold",))
    await shop.style(3, "Tagged", category_id=2, tags=("warm", "paint"))
    await shop.style(4, "Shelved")
    await shop.style(5, "Both", tags=("warm", "paint"))
    await shop.style(6, "Retired", tags=("warm", "paint"))
    await shop.service.commands.execute(STYLE, 6, RetireStyle(6))
    detail: StyleDetail = await shop.ask(GetStyle(style_id=1))
    assert [style.name for style in detail.related_styles] == ["Both", "Tagged", "Shelved"]


async def test_at_most_six_related_styles_are_shown(shop: Shop) -> None:
    await shop.fill(*(f"Style {number}" for number in range(1, 10)))
    detail: StyleDetail = await shop.ask(GetStyle(style_id=3))
    assert [style.id for style in detail.related_styles] == [1, 2, 4, 5, 6, 7]


@pytest.mark.parametrize("style_id", [0, -1, 2, 2**63, 10**40])
async def test_a_style_that_never_was_is_not_found(shop: Shop, style_id: int) -> None:
    await shop.fill("Oil")
    with refused("STYLE_NOT_FOUND"):
        await shop.ask(GetStyle(style_id=style_id))


async def test_a_retired_style_is_nowhere_until_it_comes_back_changed(shop: Shop) -> None:
    await shop.fill("Oil", "Ink")
    await shop.service.commands.execute(STYLE, 1, RetireStyle(1))
    await shop.style(1, "Oil")
    assert await shop.styles() == ["Ink"]
    assert [style.name for style in await shop.trending()] == ["Ink"]
    with refused("STYLE_NOT_FOUND"):
        await shop.ask(GetStyle(style_id=1))
    await shop.style(1, "Oil Paint")
    assert await shop.styles() == ["Oil Paint", "Ink"]


async def test_a_style_waits_unseen_for_its_category(shop: Shop) -> None:
    await shop.style(1, "Oil")
    assert (await shop.styles(), await shop.trending()) == ([], [])
    with refused("STYLE_NOT_FOUND"):
        await shop.ask(GetStyle(style_id=1))
    await shop.category(1, "art")
    assert await shop.styles() == ["Oil"]


async def test_two_styles_cannot_share_a_slug(shop: Shop) -> None:
    await shop.fill("Oil", "Ink")
    with refused("VALIDATION_ERROR"):
        await shop.style(3, "Other Oil", slug="style-1")
    assert await shop.styles() == ["Oil", "Ink"]
