"""docker-compose.yml and .env.example, as far as they can be judged without starting anything."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.init import InitSettings
from gateway.settings import GatewaySettings
from kernel.settings import PREFIX, Settings
from services.auth.app import AuthSettings
from services.battle.app import BattleSettings
from services.catalog.app import CatalogSettings
from services.creation.app import CreationSettings
from services.ledger.app import LedgerSettings
from services.notify.app import NotifySettings
from tests.containers.compose import REPOSITORY, Compose, attempt, compose_command, new_env

FILE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))
EXAMPLE = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
READS: dict[str, type[Settings]] = {
    "init": InitSettings,
    "auth": AuthSettings,
    "catalog": CatalogSettings,
    "ledger": LedgerSettings,
    "creation": CreationSettings,
    "creation-worker": CreationSettings,
    "battle": BattleSettings,
    "notify": NotifySettings,
    "gateway": GatewaySettings,
}


def environment_of(service: str) -> dict[str, str | None]:
    found: dict[str, str | None] = FILE["services"][service]["environment"]
    return found


def test_the_compose_file_parses(env_file: Path) -> None:
    assert set(Compose("parsing", env_file)("config", "--services").split()) == {
        "postgres",
        "nats",
        "s3",
        "mail",
        *READS,
    }


@pytest.mark.parametrize("missing", [line[:-1] for line in EXAMPLE.splitlines() if re.fullmatch(r"\w+=", line)])
def test_a_missing_secret_is_named_with_the_command_that_makes_it(env_file: Path, tmp_path: Path, missing: str) -> None:
    lines = env_file.read_text(encoding="utf-8").splitlines()
    incomplete = tmp_path / ".env"
    incomplete.write_text("\n".join(line for line in lines if not line.startswith(f"{missing}=")), encoding="utf-8")
    done = attempt(*compose_command(), "--env-file", str(incomplete), "config")
    assert done.returncode != 0
    assert missing in done.stderr
    assert "new-env.sh" in done.stderr


@pytest.mark.parametrize("service", READS)
def test_a_process_gets_only_settings_that_it_reads_and_all_that_it_needs(service: str) -> None:
    fields = READS[service].model_fields
    given = {name.removeprefix(PREFIX).lower() for name in environment_of(service)}
    assert given <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= given


@pytest.mark.parametrize("service", READS)
def test_no_service_can_enter_the_database_of_another(service: str) -> None:
    urls = {name for name in environment_of(service) if name.endswith(("_DATABASE_URL", "_ADMIN_URL"))}
    own = service.removesuffix("-worker").upper()
    assert service == "init" or urls <= {f"{PREFIX}{own}_DATABASE_URL"}


def test_the_example_explains_every_variable_that_the_compose_file_reads() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"\$\{(\w+)", text))
    read |= {name for service in READS for name, value in environment_of(service).items() if value is None}
    assert read - set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE)) == set()


def test_new_secrets_are_complete_fresh_and_private(tmp_path: Path) -> None:
    first, second = (new_env(tmp_path / name) for name in ("first", "second"))
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    one, other = values_of(first), values_of(second)
    assert all(one.values())
    assert {name for name in one if one[name] == other[name]} == {"MAGICPIC_S3_ACCESS_KEY"}


def test_the_signing_key_is_one_that_auth_accepts(env_file: Path) -> None:
    key = values_of(env_file)["MAGICPIC_AUTH_SIGNING_KEY"]
    storage = {"s3_endpoint": "-", "s3_access_key": "-", "s3_secret_key": "-"}
    AuthSettings.model_validate({"nats_url": "-", "auth_database_url": "-", "auth_signing_key": key, **storage})


def values_of(env_file: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", env_file.read_text(encoding="utf-8"), re.MULTILINE))


def test_secrets_that_are_there_are_never_overwritten(tmp_path: Path) -> None:
    known = new_env(tmp_path / ".env")
    before = known.read_bytes()
    done = attempt("sh", "deploy/docker/new-env.sh", str(known))
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert known.read_bytes() == before
