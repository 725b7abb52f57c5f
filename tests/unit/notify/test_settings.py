"""What notify refuses to start with."""

import pytest
from pydantic import ValidationError

from services.notify.settings import NotifySettings

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
