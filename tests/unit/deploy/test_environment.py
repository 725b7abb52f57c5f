import base64
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local import credentials
from deploy.local.environment import environment, environment_of_the_user

PORTS = {"postgres": 1001, "nats": 1002, "s3": 1003, "gateway": 1004, "auth": 1005, "mail": 1006}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAGICPIC_STATE_DIR", "MAGICPIC_NATS_URL", "MAGICPIC_S3_ENDPOINT", "MAGICPIC_SMTP_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """As a first `make up` leaves it."""
    credentials.load_or_create(tmp_path / "secrets.json")
    (tmp_path / "ports.json").write_text(json.dumps(PORTS))
    return tmp_path


def test_before_the_first_start_only_the_directory_is_named(tmp_path: Path) -> None:
    assert environment(tmp_path) == {"MAGICPIC_STATE_DIR": str(tmp_path)}


def test_every_service_has_a_database_and_a_role_of_its_own(state_dir: Path) -> None:
    found = environment(state_dir)
    urls = {name: urlsplit(found[f"MAGICPIC_{name.upper()}_DATABASE_URL"]) for name in credentials.SERVICES}
    assert len({url.password for url in urls.values()}) == len(credentials.SERVICES)
    for name, url in urls.items():
        assert (url.scheme, url.username, url.hostname, url.port, url.path) == (
            "postgresql", name, "127.0.0.1", 1001, f"/{name}",
        )  # fmt: skip


def test_the_rest_of_the_stack_is_named_too(state_dir: Path) -> None:
    found = environment(state_dir)
    assert found["MAGICPIC_POSTGRES_ADMIN_URL"].endswith("@127.0.0.1:1001/postgres")
    assert found["MAGICPIC_NATS_URL"].endswith("@127.0.0.1:1002")
    assert found["MAGICPIC_S3_ENDPOINT"] == found["MAGICPIC_S3_PUBLIC_ENDPOINT"] == "http://127.0.0.1:1003"
    assert (found["MAGICPIC_S3_BUCKET"], found["MAGICPIC_S3_REGION"]) == ("magicpic", "us-east-1")
    assert (found["MAGICPIC_GATEWAY_HOST"], found["MAGICPIC_GATEWAY_PORT"]) == ("127.0.0.1", "1004")
    assert len(base64.b64decode(found["MAGICPIC_AUTH_SIGNING_KEY"])) == 32


def test_mail_goes_to_the_sink(state_dir: Path) -> None:
    found = environment(state_dir)
    sink = {name: value for name, value in found.items() if name.startswith(("MAGICPIC_SMTP", "MAGICPIC_MAIL"))}
    assert sink == {
        "MAGICPIC_SMTP_HOST": "127.0.0.1",
        "MAGICPIC_SMTP_PORT": "1006",
        "MAGICPIC_SMTP_TLS": "none",
        "MAGICPIC_MAIL_SINK_DIR": str(state_dir / "mail"),
    }
    assert found["MAGICPIC_APP_URL"] == "http://127.0.0.1:1004"


def test_a_relay_of_the_users_own_gets_nothing_of_the_sinks_settings(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAGICPIC_SMTP_HOST", "relay.example.com")
    found = environment(state_dir)
    assert not {name for name in found if name.startswith(("MAGICPIC_SMTP", "MAGICPIC_MAIL"))}


def test_what_the_user_has_set_wins(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGICPIC_S3_ENDPOINT", "https://s3.example.com")
    found = environment(state_dir)
    assert found["MAGICPIC_S3_ENDPOINT"] == "https://s3.example.com"
    assert found["MAGICPIC_NATS_URL"].endswith("@127.0.0.1:1002")


def test_what_was_generated_is_not_taken_for_the_users_word(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(state_dir).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAGICPIC_S3_ENDPOINT", "https://s3.example.com")
    ours = {name for name in environment_of_the_user(state_dir) if name.startswith("MAGICPIC_")}
    assert ours == {"MAGICPIC_STATE_DIR", "MAGICPIC_S3_ENDPOINT"}


def test_a_stack_elsewhere_is_not_confused_by_the_directory_in_our_environment(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAGICPIC_STATE_DIR", "/elsewhere")
    assert environment(state_dir)["MAGICPIC_STATE_DIR"] == str(state_dir)


def test_secrets_are_kept_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = credentials.load_or_create(path)
    assert credentials.load_or_create(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(set(first.values())) == len(first)


def test_a_secret_that_an_older_version_did_not_know_is_added(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = credentials.load_or_create(path)
    path.write_text(json.dumps({name: value for name, value in first.items() if name != "nats_password"}))
    second = credentials.load_or_create(path)
    assert second.keys() == first.keys()
    assert {**second, "nats_password": ""} == {**first, "nats_password": ""}
