"""Creation's settings: what is missing stops the start and is named."""

import pytest

from kernel.settings import load
from services.creation.app import CreationSettings

NEEDED = {
    "MAGICPIC_NATS_URL": "nats://127.0.0.1:4222",
    "MAGICPIC_CREATION_DATABASE_URL": "postgresql://creation:x@127.0.0.1/creation",
    "MAGICPIC_S3_ENDPOINT": "http://127.0.0.1:9000",
    "MAGICPIC_S3_ACCESS_KEY": "key",
    "MAGICPIC_S3_SECRET_KEY": "secret",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_local_painter_needs_nothing_more() -> None:
    settings = load(CreationSettings)
    assert settings.painter == "local"
    assert settings.gemini_models == ("gemini-3.1-flash-image", "gemini-3-pro-image")


@pytest.mark.parametrize("key", [None, ""])
def test_gemini_without_a_key_stops_the_start_and_names_the_setting(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str | None
) -> None:
    environment.setenv("MAGICPIC_PAINTER", "gemini")
    if key is not None:
        environment.setenv("MAGICPIC_GEMINI_API_KEY", key)
    with pytest.raises(SystemExit):
        load(CreationSettings)
    assert "MAGICPIC_GEMINI_API_KEY" in capsys.readouterr().err


def test_models_are_named_with_commas_between_them(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MAGICPIC_PAINTER", "gemini")
    environment.setenv("MAGICPIC_GEMINI_API_KEY", "a-key")
    environment.setenv("MAGICPIC_GEMINI_MODELS", "one, two")
    settings = load(CreationSettings)
    assert settings.gemini_models == ("one", "two")
    assert "a-key" not in repr(settings)


def test_a_deadline_beyond_the_sweepers_hour_is_refused(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("MAGICPIC_JOB_DEADLINE_S", "3600")
    with pytest.raises(SystemExit):
        load(CreationSettings)
    assert "MAGICPIC_JOB_DEADLINE_S" in capsys.readouterr().err
