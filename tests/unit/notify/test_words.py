"""What notifications say, and how a push carries it."""

import json
from datetime import timedelta
from typing import get_args

import pytest

from contracts.rpc import notify as rpc
from contracts.rpc.auth import Locale
from contracts.rpc.battle import Withheld
from services.notify.domain import Kind
from services.notify.push_message import MOST_BYTES, message
from services.notify.words import TEMPLATES, words_of

KINDS: tuple[Kind, ...] = get_args(Kind)
LOCALES: tuple[Locale, ...] = get_args(Locale)
HUGE = dict.fromkeys(("style_name", "name"), "🇮" * 5000)
IDS = {name: str(2**63 - 1) for name in ("creation_id", "battle_id", "style_id")} | {
    "ends_at": "2026-02-18T06:29:40.000Z"
}


def test_every_documented_type_has_words_in_every_language() -> None:
    assert get_args(rpc.Kind) == KINDS
    for locale in LOCALES:
        assert TEMPLATES[locale].keys() == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_not_known_is_not_said(kind: Kind, locale: Locale) -> None:
    for data in ({}, {"people": "1"}, {"name": "", "style_name": ""}):
        words = words_of(kind, data, locale)
        assert words.title
        assert words.body
        assert "{" not in words.body


def test_one_person_and_many() -> None:
    assert words_of("creation_liked", {"people": "1"}, "en").body == "Someone likes your picture"
    assert words_of("creation_liked", {"people": "2"}, "en").body == "2 people like your picture"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_winner_without_a_prize_is_told_why(locale: Locale) -> None:
    bodies = {words_of("battle_won", {"prize_withheld": why}, locale).body for why in get_args(Withheld)}
    assert len(bodies) == len(get_args(Withheld))
    plain = words_of("battle_won", {}, locale).body
    assert all(body.startswith(f"{plain} ") for body in bodies)
    assert words_of("battle_won", {"prize_withheld": "of tomorrow"}, locale).body == plain
    paid = words_of("battle_won", {"prize": "100"}, locale).body
    assert "100" in paid
    assert paid not in bodies


def test_a_name_is_no_template() -> None:
    assert words_of("new_style", {"style_name": "{balance}"}, "en").body == "Try {balance} on a picture of yours."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_push_fits_into_what_fcm_takes(kind: Kind, locale: Locale) -> None:
    data = {**IDS, **HUGE}
    made = message("t", kind, data, words_of(kind, data, locale), life=timedelta(days=1), notification_id=2**63 - 1)
    told = [*made["notification"].items(), *made["data"].items()]
    assert sum(len(part.encode()) for pair in told for part in pair) <= MOST_BYTES
    assert len(made["apns"]["headers"]["apns-collapse-id"].encode()) <= 64
    assert json.loads(made["data"]["data"])["notification_id"] == made["data"]["notification_id"]
