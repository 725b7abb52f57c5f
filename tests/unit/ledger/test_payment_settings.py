"""What stops the start, what switches payments on, and what no log may show."""

import pytest
from pydantic import ValidationError

from services.ledger.app import LedgerSettings
from services.ledger.payments.assembly import networks_of, providers_of

SECRET = "very-secret"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("MAGICPIC_LEDGER_DATABASE_URL", "postgresql://ledger@127.0.0.1:1/ledger")


def test_without_keys_nothing_is_on() -> None:
    settings = LedgerSettings()
    assert (providers_of(settings), networks_of(settings)) == ([], [])


def test_a_provider_is_on_with_all_of_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"):
        monkeypatch.setenv(f"MAGICPIC_{name}", SECRET)
    for name in ("STRIPE_PUBLIC_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"):
        monkeypatch.setenv(f"MAGICPIC_{name}", SECRET)
    monkeypatch.setenv("MAGICPIC_ADMOB_AD_UNITS", "ca-app-pub-1/2, ca-app-pub-1/3")
    monkeypatch.setenv("MAGICPIC_PAYMENT_PLANS", '{"stripe": {"plus": "price_1"}}')
    settings = LedgerSettings()
    providers = providers_of(settings)
    assert [provider.name for provider in providers] == ["razorpay", "stripe"]
    assert [network.name for network in networks_of(settings)] == ["admob"]
    assert settings.payment_plans["stripe"]["plus"] == "price_1"
    for provider in providers:
        provider.close()


@pytest.mark.parametrize("name", ["RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET", "STRIPE_SECRET_KEY"])
def test_half_of_the_keys_stop_the_start_and_are_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"MAGICPIC_{name}", SECRET)
    with pytest.raises(ValidationError) as caught:
        LedgerSettings()
    assert "needs all of its keys" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_no_secret_is_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_RAZORPAY_KEY_ID", "rzp_test_1")
    monkeypatch.setenv("MAGICPIC_RAZORPAY_KEY_SECRET", SECRET)
    monkeypatch.setenv("MAGICPIC_RAZORPAY_WEBHOOK_SECRET", SECRET)
    assert SECRET not in repr(LedgerSettings())
