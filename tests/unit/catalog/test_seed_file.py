"""The seed catalog is product text: these checks keep a careless edit from a user, a grid and a picture model."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

SEED_PATH = Path(__file__).parents[3] / "services" / "catalog" / "seed.yaml"
SEED: dict[str, list[dict[str, Any]]] = yaml.safe_load(SEED_PATH.read_text(encoding="utf-8"))
CATEGORIES, STYLES = SEED["categories"], SEED["styles"]

SIGNUP_BONUS_CREDITS = 2500
CATEGORY_FIELDS = {"id", "name", "slug", "icon", "description", "display_order"}
STYLE_FIELDS = {
    "id",
    "name",
    "slug",
    "category",
    "description",
    "prompt_template",
    "negative_prompt",
    "tags",
    "credits_required",
    "effect",
}
EFFECTS = {
    "watercolor",
    "oil",
    "pencil",
    "comic",
    "anime",
    "neon",
    "pop_art",
    "mosaic",
    "pixel_art",
    "vintage",
    "stained_glass",
    "gold",
    "dreamy",
    "line_art",
    "charcoal",
    "cyberpunk",
    "royal",
    "noir",
    "chalkboard",
    "folk",
    "lamplight",
}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TRADEMARKS = re.compile(
    r"\b(ghibli|miyazaki|disney|pixar|dreamworks|marvel|lego|barbie|nintendo|kodak|polaroid)\b", re.IGNORECASE
)

every_style = pytest.mark.parametrize("style", STYLES, ids=lambda style: style["slug"])
every_category = pytest.mark.parametrize("category", CATEGORIES, ids=lambda category: category["slug"])


def test_the_catalog_has_categories_and_styles_enough() -> None:
    assert set(SEED) == {"categories", "styles"}
    assert len(CATEGORIES) >= 8
    assert len(STYLES) >= 30


@pytest.mark.parametrize("entries", [CATEGORIES, STYLES], ids=["categories", "styles"])
@pytest.mark.parametrize("field", ["id", "slug", "name"])
def test_ids_slugs_and_names_are_unique(entries: list[dict[str, Any]], field: str) -> None:
    values = Counter(entry[field] for entry in entries)
    assert [value for value, count in values.items() if count > 1] == []


def test_the_ids_and_slugs_that_the_documents_show_are_kept() -> None:
    styles = {style["id"]: (style["name"], style["slug"]) for style in STYLES}
    assert styles[1] == ("Ghibli Art", "ghibli-art")
    assert styles[2] == ("Red Saree", "red-saree")
    assert styles[4] == ("Neon Glow", "neon-glow")
    assert {"anime", "traditional", "fantasy", "wedding", "education"} <= {category["slug"] for category in CATEGORIES}


def test_no_category_is_called_trending_because_trending_is_computed() -> None:
    assert "trending" not in {category["slug"] for category in CATEGORIES}


def test_categories_are_shown_in_an_order_without_ties() -> None:
    assert sorted(category["display_order"] for category in CATEGORIES) == list(range(1, len(CATEGORIES) + 1))


def test_every_style_stands_in_a_known_category_and_no_category_is_thin() -> None:
    counts = Counter(style["category"] for style in STYLES)
    assert set(counts) == {category["slug"] for category in CATEGORIES}
    assert min(counts.values()) >= 3


def test_every_effect_of_the_local_painter_is_used_and_none_is_invented() -> None:
    assert {style["effect"] for style in STYLES} == EFFECTS


def test_no_effect_stands_for_more_than_two_styles_so_that_previews_differ() -> None:
    assert max(Counter(style["effect"] for style in STYLES).values()) <= 2


def test_the_signup_bonus_pays_for_one_picture_in_every_style() -> None:
    # `make demo` does exactly that with a user who has just signed up.
    assert sum(style["credits_required"] for style in STYLES) <= SIGNUP_BONUS_CREDITS


def test_no_two_styles_tell_the_model_the_same() -> None:
    assert len({style["prompt_template"] for style in STYLES}) == len(STYLES)
    assert len({style["negative_prompt"] for style in STYLES}) == len(STYLES)


@every_category
def test_a_category_is_complete_and_fits_its_columns(category: dict[str, Any]) -> None:
    assert set(category) == CATEGORY_FIELDS
    assert isinstance(category["id"], int)
    assert category["id"] >= 1
    assert SLUG.fullmatch(category["slug"])
    assert category["name"]
    # One emoji: a single symbol, perhaps followed by a variation selector.
    assert 1 <= len(category["icon"]) <= 2
    assert not category["icon"].isascii()
    assert 10 <= len(category["description"]) <= 80


@every_style
def test_a_style_is_complete_and_carries_no_invented_numbers(style: dict[str, Any]) -> None:
    assert set(style) == STYLE_FIELDS
    assert isinstance(style["id"], int)
    assert style["id"] >= 1
    assert SLUG.fullmatch(style["slug"])
    assert 3 <= len(style["name"]) <= 40
    assert isinstance(style["credits_required"], int)
    assert style["credits_required"] > 0


@every_style
def test_a_description_is_one_sentence_that_fits_the_grid(style: dict[str, Any]) -> None:
    description = style["description"]
    assert 20 <= len(description) <= 120
    assert description.endswith(".")
    assert description.count(". ") == 0


@every_style
def test_a_template_is_specific_but_leaves_room_for_the_users_wishes(style: dict[str, Any]) -> None:
    template = style["prompt_template"]
    assert 80 <= len(template.split()) <= 160
    assert len(template) <= 1500
    assert "\n" not in template
    assert template.endswith(".")


@every_style
def test_a_template_asks_to_keep_the_person_and_the_number_of_people(style: dict[str, Any]) -> None:
    template = style["prompt_template"].lower()
    assert re.search(r"\b(keep|leave)\b", template)
    assert re.search(r"\b(face|faces|facial|sitter's)\b", template)
    assert re.search(r"\bpose\b", template)
    assert re.search(r"number|anyone else|add or remove nobody|add nobody|add no|nobody is added", template)


@every_style
def test_a_template_works_for_a_picture_without_a_person(style: dict[str, Any]) -> None:
    assert re.search(r"\b(pets?|animals?|objects?|nobody is in the photo)\b", style["prompt_template"].lower())


@every_style
@pytest.mark.parametrize("field", ["prompt_template", "negative_prompt"])
def test_a_prompt_has_no_braces_and_no_trademark(style: dict[str, Any], field: str) -> None:
    # Braces would be taken for placeholders; a provider refuses prompts that name a studio or a brand.
    assert not re.search(r"[{}]", style[field])
    assert not TRADEMARKS.search(style[field])


@every_style
def test_a_negative_prompt_is_a_list_of_things_to_avoid(style: dict[str, Any]) -> None:
    negative = style["negative_prompt"]
    things = [thing.strip() for thing in negative.split(",")]
    assert len(things) >= 6
    assert len(negative) <= 1000
    assert not negative.endswith(".")
    # It is read after "Avoid:", where "no text" would ask for text.
    assert not any(thing.startswith(("no ", "not ", "without ", "avoid ")) for thing in things)
    assert "watermark" in things


@every_style
def test_tags_are_a_few_lower_case_words(style: dict[str, Any]) -> None:
    tags = style["tags"]
    assert 3 <= len(tags) <= 6
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, str) and SLUG.fullmatch(tag) for tag in tags)
