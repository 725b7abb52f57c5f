"""What is told of a wallet's events is what the contract's models would say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from contracts.envelope import Envelope
from contracts.events import ledger as published
from kernel.publishing import Mirror, Publisher
from kernel.values import Value
from services.ledger import domain
from services.ledger.app import CODEC
from services.ledger.domain.events import EVENTS
from services.ledger.publishing import MIRRORED, publish

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ID = UUID("01a200d3-0383-7420-8e28-170122277926")
FULL: list[domain.Event] = [
    domain.CreditsGranted(
        7, 50, "purchase", "Pack", 150, 150, 3, 2, 250, "purchase", True, NOW, 'ord"é\n\u2028\x01', 2, 0, NOW
    ),
    domain.CreditsSpent(7, 5, "consume", "Used", "video-1", ((1, 5),), 145, 145, 4, 2, 250),
    domain.CreditsSpent(7, 5, "consume", "Used", None, ((1, 5),), 145, 145, 4, 2, 250),
    domain.CreditsTakenBack(7, 50, "refund", "Refund", "o-1", ((2, 50),), -5, -5, 5, 3, 250, ((NOW, 5),)),
    domain.CreditsExpired(7, 5, ((1, 5),), 140, 140, 6, 4, 250),
    domain.CreditsLow(7, 100, 90),
    domain.CreditsHeld(7, 1 << 62, 5, NOW + timedelta(hours=1), "Created x", 85, ((1, 5),)),
    domain.CreditsRefused(7, 9, 500, "insufficient_credits", 85),
    domain.CreditsDebited(7, 8, 5, "Created x", True, 80, 80, 7, 5, 250, ((1, 5),)),
    domain.CreditsReleased(7, 8, 5, "failed", 85, ((1, 5),), ((1, 2),)),
]


def message_of(name: str, data: str) -> tuple[dict[str, Any], Envelope]:
    """The body as it is, and as a listener reads it."""
    row: Any = (123, "wallet-7", 3, ID, name, data, 'who"', "why", NOW)
    message = Publisher(CODEC, publish, MIRRORED).message(row)
    assert message is not None
    assert message.headers == {"Nats-Msg-Id": str(ID), "Event-Position": "123"}
    envelope = Envelope.model_validate_json(message.body)
    assert message.subject == f"events.{envelope.type}"
    return msgspec.json.decode(message.body), envelope


def test_every_event_of_a_wallet_is_told_or_nobodys_business() -> None:
    assert {type(event) for event in FULL} == set(MIRRORED)
    assert {*MIRRORED, domain.ReleaseRemembered} == set(EVENTS)


@pytest.mark.parametrize("event", FULL, ids=lambda event: type(event).__name__)
def test_what_is_told_is_what_the_contracts_model_would_say(event: domain.Event) -> None:
    theirs = MIRRORED[type(event)]
    model = theirs.model_validate({name: getattr(event, name) for name in theirs.model_fields}, strict=True)
    body, envelope = message_of(type(event).__name__, msgspec.json.encode(event).decode())
    assert body["data"] == model.model_dump(mode="json")
    assert theirs.model_validate(envelope.data) == model
    assert envelope == Envelope(
        id=ID,
        type=theirs.TYPE,
        version=theirs.VERSION,
        time=NOW,
        stream="wallet-7",
        stream_version=3,
        position=123,
        correlation_id='who"',
        causation_id="why",
        data=model.model_dump(),
    )


def test_an_old_event_is_told_with_what_it_lacks() -> None:
    old = '{"user_id":7,"credits":5,"reason":"x","description":"","balance":5,"total":5,"number":1,"number_of_kind":1}'
    body, _ = message_of("CreditsGranted", old)
    told = published.CreditsGranted(user_id=7, credits=5, reason="x", balance=5)
    assert body["data"] == told.model_dump(mode="json")


def test_only_plain_fields_of_ones_own_can_be_mirrored() -> None:
    class Other(Value, frozen=True):
        user_id: int
        mark: int
        balance: datetime

    for own in (domain.CreditsHeld, Other):
        with pytest.raises(TypeError, match="cannot be mirrored"):
            Mirror(own, published.CreditsLow)
