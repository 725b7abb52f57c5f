"""What stops the start, and how it is told."""

import base64

import pytest
from pydantic import ValidationError

from kernel.settings import load
from services.auth.app import AuthSettings

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("MAGICPIC_AUTH_DATABASE_URL", "postgresql://auth@127.0.0.1:1/auth")
    monkeypatch.setenv("MAGICPIC_AUTH_SIGNING_KEY", KEY)
    for name, value in {"ENDPOINT": "http://127.0.0.1:1", "ACCESS_KEY": "a", "SECRET_KEY": "s"}.items():
        monkeypatch.setenv(f"MAGICPIC_S3_{name}", value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_AUTH_LOCKS_S", "[1, 2]")
    settings = load(AuthSettings)
    assert (settings.auth_access_life_s, settings.auth_locks_s) == (1800, (1, 2))
    assert KEY not in repr(settings)


def test_a_malformed_signing_key_stops_the_start_and_is_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAGICPIC_AUTH_SIGNING_KEY", "c2VjcmV0")
    with pytest.raises(SystemExit):
        load(AuthSettings)
    told = capsys.readouterr().err
    assert "MAGICPIC_AUTH_SIGNING_KEY" in told
    assert "base64 of 32 random bytes, but holds 6" in told
    assert "c2VjcmV0" not in told


def test_a_signing_key_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MAGICPIC_AUTH_SIGNING_KEY")
    with pytest.raises(SystemExit):
        load(AuthSettings)
    assert "MAGICPIC_AUTH_SIGNING_KEY" in capsys.readouterr().err


def test_no_error_of_the_settings_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_AUTH_SIGNING_KEY", "c2VjcmV0")
    with pytest.raises(ValidationError) as caught:
        AuthSettings()
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WRONG_PASSWORDS", "1"),
        ("LOCKS_S", "[]"),
        ("LOCKS_S", "[0]"),
        ("HASH_MEMORY_KIB", "64"),
        ("HASH_WORKERS", "0"),
        ("ACCESS_LIFE_S", "0"),
        ("DELETION_GRACE_S", "-1"),
    ],
)
def test_a_limit_that_protects_nobody_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MAGICPIC_AUTH_{name}", value)
    with pytest.raises(ValidationError):
        AuthSettings()
