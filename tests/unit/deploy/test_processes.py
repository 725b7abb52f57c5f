from pathlib import Path

from deploy.local import credentials
from deploy.local.fingerprint import fingerprint
from deploy.local.processes import PROCESSES, Context
from deploy.local.program import Role

EPHEMERAL_FROM = 32_768
BY_NAME = {process.name: process for process in PROCESSES}


def variables_of(name: str) -> dict[str, str]:
    ports = {process.name: process.port for process in PROCESSES if process.port}
    context = Context(Path("/nowhere"), {}, ports, {"MAGICPIC_NATS_URL": "nats://here"})
    program = BY_NAME[name].program(context)
    assert isinstance(program, Role)
    return program.environment()


def test_names_and_ports_are_unique_and_below_the_ephemeral_range() -> None:
    assert len(BY_NAME) == len(PROCESSES)
    ports = [process.port for process in PROCESSES if process.port is not None]
    assert len(set(ports)) == len(ports)
    assert max(ports) < EPHEMERAL_FROM


def test_everything_starts_after_what_it_needs_and_stops_before_it() -> None:
    for process in PROCESSES:
        for needed in process.needs:
            assert BY_NAME[needed].stage < process.stage, (process.name, needed)


def test_every_service_that_owns_a_database_is_run() -> None:
    assert set(credentials.SERVICES) <= set(BY_NAME)


def test_the_gateway_is_taken_down_before_all_others() -> None:
    assert max(PROCESSES, key=lambda process: process.stage).name == "gateway"


def test_each_role_is_told_its_own_port() -> None:
    auth, gateway = variables_of("auth"), variables_of("gateway")
    assert (auth["MAGICPIC_HTTP_HOST"], auth["MAGICPIC_HTTP_PORT"]) == ("127.0.0.1", "8101")
    assert gateway["MAGICPIC_GATEWAY_PORT"] == "8000"
    assert auth["MAGICPIC_NATS_URL"] == gateway["MAGICPIC_NATS_URL"] == "nats://here"


def test_the_fingerprint_changes_with_the_code_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "store.py").write_text("one")
    first = fingerprint(tmp_path)
    (tmp_path / "kernel" / "__pycache__").mkdir()
    (tmp_path / "kernel" / "__pycache__" / "store.pyc").write_text("compiled")
    (tmp_path / "notes.txt").write_text("not code")
    assert fingerprint(tmp_path) == first
    (tmp_path / "kernel" / "store.py").write_text("another")
    second = fingerprint(tmp_path)
    (tmp_path / "uv.lock").write_text("a new dependency")
    assert len({first, second, fingerprint(tmp_path)}) == 3
