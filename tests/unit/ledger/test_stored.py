"""What was stored before means the same now: the fingerprints of keys, states, events."""

import msgspec

from kernel.commands import fingerprint_of
from services.ledger.app import CODEC
from services.ledger.domain import WALLET, CreditsGranted, GrantCredits, Lot, SpendCredits, Wallet

STATE = (
    '{"balance":5,"holds":{},"earned":5,"spent":0,"earned_entries":1,"spent_entries":0,"released":[],'
    '"lots":{"1":{"credits":5,"held":0,"source":"purchase","bought":true,"expires_at":null,"reference":"o"}},'
    '"lots_made":1,"low":0,"taken":{}}'
)
EVENT = (
    '{"user_id":7,"credits":5,"reason":"x","description":"","balance":5,"total":5,"number":1,"number_of_kind":1,'
    '"earned":null,"source":"","bought":false,"expires_at":null,"reference":null,"lot":0,"filled":0,"given_back":null}'
)
WALLET_IS = Wallet(5, {}, 5, 0, 1, 0, (), {1: Lot(5, 0, "purchase", bought=True, reference="o")}, 1)


def test_a_key_that_is_stored_still_knows_its_command() -> None:
    spend = SpendCredits(1, 5, "consume", "Used credits")
    grant = GrantCredits(1, 1_000_000, "purchase", "Pack", "purchase", bought=True, reference="o")
    assert fingerprint_of(spend) == "422d40f1b739431250a021257af4b0ab6f1c2c85783e041d19be34420c29d5e9"
    assert fingerprint_of(grant) == "b87e2bc3fbdcfc553a9a2194dfd0cf6ff2c5a79dad2550465691ae069a873a05"


def test_a_state_that_is_stored_is_read_as_it_was() -> None:
    assert CODEC.state(WALLET, STATE) == WALLET_IS
    assert CODEC.state(WALLET, msgspec.json.encode(WALLET_IS)) == WALLET_IS


def test_an_event_is_stored_as_it_was() -> None:
    event = CreditsGranted(7, 5, "x", "", 5, 5, 1, 1)
    assert msgspec.json.encode(event).decode() == EVENT
    assert CODEC.event("CreditsGranted", EVENT) == event
