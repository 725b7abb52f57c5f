"""What notify refuses to start with."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notify.google_account import key_of
from services.notify.settings import NotifySettings
from tests.fakes.fcm import PROJECT, account_key

GIVEN = {"nats_url": "-", "notify_database_url": "-", "smtp_host": "relay.example"}


def test_a_host_is_enough_and_means_starttls() -> None:
    settings = NotifySettings.model_validate(GIVEN)
    assert (settings.smtp_port, settings.smtp_tls, settings.mail_sink_dir) == (587, "starttls", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"smtp_tls": "maybe"},
        {"smtp_port": 0},
        {"smtp_password": "secret", "smtp_tls": "none"},
        {"mail_from": "nobody"},
        {"mail_from": "a@b.example\r\nBcc: x@y.example"},
        {"app_url": "javascript:alert(1)"},
        {"mail_from_name": "MagicPic\r\nBcc: x@y.example"},
    ],
)
def test_settings_that_cannot_work_or_would_give_a_secret_away_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NotifySettings.model_validate({**GIVEN, **wrong})


def test_the_password_is_not_shown() -> None:
    settings = NotifySettings.model_validate({**GIVEN, "smtp_user": "u", "smtp_password": "hunter2"})
    assert "hunter2" not in repr(settings)


def test_an_empty_sink_directory_is_none() -> None:
    assert NotifySettings.model_validate({**GIVEN, "mail_sink_dir": ""}).mail_sink_dir is None


def test_a_service_account_is_its_json_or_the_path_of_its_file(tmp_path: Path) -> None:
    key = account_key("https://oauth2.googleapis.com/token")
    file = tmp_path / "key.json"
    file.write_text(key)
    for given in (key, f"  {key}\n", str(file)):
        settings = NotifySettings.model_validate({**GIVEN, "fcm_service_account": given})
        assert key_of(settings.fcm_service_account)["project_id"] == PROJECT
        assert "PRIVATE KEY" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_key": "hunter2"},
        {"project_id": None},
        {"type": "authorized_user"},
        {"client_email": None},
        {"token_uri": None},
    ],
)
def test_a_service_account_that_cannot_work_is_refused_without_showing_it(wrong: dict[str, str | None]) -> None:
    key = json.loads(account_key("https://oauth2.googleapis.com/token")) | wrong
    given = json.dumps({name: value for name, value in key.items() if value is not None})
    with pytest.raises(ValidationError) as caught:
        NotifySettings.model_validate({**GIVEN, "fcm_service_account": given})
    [fault] = caught.value.errors()
    assert fault["loc"] == ("fcm_service_account",)
    assert "hunter2" not in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["/no/such/file.json", "{", "{}", "a\0b", "x" * 100_000])
def test_what_is_no_service_account_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="fcm_service_account"):
        NotifySettings.model_validate({**GIVEN, "fcm_service_account": wrong})
