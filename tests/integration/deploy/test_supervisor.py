"""The supervisor with dummies for our roles: it comes up once, stays up, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local import control, procfs
from deploy.local.child import SUPERVISED_VARIABLE
from deploy.local.ports import throwaway_port
from deploy.local.state import REPOSITORY, ProcessStatus, StackStatus, StateDir
from tests.integration.deploy.conftest import Until

TABLES = "tests.integration.deploy.dummies"
REAL, SMALL = f"{TABLES}:WITH_SERVERS", f"{TABLES}:SMALL"


def up(state: StateDir, table: str) -> StackStatus:
    control.start(state, table=table)
    *_, latest = control.watch(state, 30)
    return latest


def process(state: StateDir, name: str) -> ProcessStatus:
    latest = state.read()
    assert latest is not None
    return latest.process(name)


def running(state: StateDir) -> list[int]:
    """Every process of this stack, the supervisor's own excepted."""
    return procfs.processes_with(SUPERVISED_VARIABLE, str(state.path))


def test_a_whole_stack_comes_up_in_order_and_goes_down_without_a_trace(state: StateDir) -> None:
    latest = up(state, REAL)
    assert [entry.state for entry in latest.processes] == ["ready", "ready", "ready", "done", "ready", "ready"]
    assert httpx.get(f"http://127.0.0.1:{latest.process('gateway').port}/readyz").status_code == 200
    assert len(running(state)) >= 4
    assert control.stop(state)
    assert not running(state)
    assert not procfs.processes_in(state.path / "postgres" / "data", program="postgres")
    last = state.read()
    assert last is not None
    assert (last.phase, {entry.state for entry in last.processes}) == ("stopped", {"stopped", "done"})
    assert last.process("postgres").last_exit == 0


def test_ports_data_and_secrets_are_the_same_after_a_restart(state: StateDir) -> None:
    up(state, REAL)
    before = state.ports.read_text(), state.secrets.read_text()
    control.stop(state)
    up(state, REAL)
    assert (state.ports.read_text(), state.secrets.read_text()) == before


def test_no_secret_stands_in_a_command_line_or_a_log(state: StateDir) -> None:
    up(state, REAL)
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in running(state)]
    logs = [path.read_text() for path in state.logs.iterdir()]
    for name, secret in json.loads(state.secrets.read_text()).items():
        assert not any(secret in text for text in [*commands, *logs, state.state.read_text()]), name
    assert state.secrets.stat().st_mode & 0o777 == 0o600


def test_up_twice_starts_one_stack(state: StateDir) -> None:
    first = up(state, SMALL)
    assert not control.start(state, table=SMALL)
    assert up(state, SMALL).supervisor_pid == first.supervisor_pid


def test_two_supervisors_at_once_start_one_stack(state: StateDir) -> None:
    state.create()
    command = [sys.executable, "-m", "deploy.local.supervisor", str(state.path), "--table", SMALL, "--detach"]
    rivals = [subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL) for _ in range(3)]
    assert sorted(rival.wait() for rival in rivals) == [0, 3, 3]
    latest = up(state, SMALL)
    assert len(running(state)) == len([entry for entry in latest.processes if entry.pid])


def test_a_child_that_is_killed_is_started_again(state: StateDir, until: Until) -> None:
    victim = up(state, SMALL).process("auth")
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: process(state, "auth").restarts == 1 and process(state, "auth").state == "ready")
    again = process(state, "auth")
    assert (again.last_exit, again.pid != victim.pid, again.port) == (-signal.SIGKILL, True, victim.port)


def test_a_killed_server_is_started_again_with_its_data(state: StateDir, until: Until) -> None:
    victim = up(state, REAL).process("postgres")
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: process(state, "postgres").restarts == 1 and process(state, "postgres").state == "ready")


def test_a_killed_supervisor_takes_everything_along_and_the_next_up_works(state: StateDir, until: Until) -> None:
    first = up(state, REAL)
    os.kill(first.supervisor_pid, signal.SIGKILL)
    until(lambda: not state.is_held())
    again = up(state, REAL)
    assert again.supervisor_pid != first.supervisor_pid
    assert [entry.port for entry in again.processes] == [entry.port for entry in first.processes]
    assert not again.notices
    assert not any(procfs.is_running(entry.pid) for entry in first.processes if entry.pid)


def test_a_grandchild_that_outlives_a_killed_supervisor_is_ended_by_the_next_down(
    state: StateDir, until: Until
) -> None:
    control.start(state, table=f"{TABLES}:HAS_A_GRANDCHILD")
    note = state.path / "grandchild.pid"
    until(lambda: note.exists() and note.read_text().endswith("\n"))
    grandchild = int(note.read_text())
    supervisor = state.holder()
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not state.is_held())
    assert procfs.is_running(grandchild)
    assert control.stop(state)
    assert not procfs.is_running(grandchild)


def test_a_grandchild_ends_with_its_parent(state: StateDir, until: Until) -> None:
    control.start(state, table=f"{TABLES}:HAS_A_GRANDCHILD")
    note = state.path / "grandchild.pid"
    until(lambda: note.exists() and note.read_text().endswith("\n"))
    grandchild = int(note.read_text())
    os.kill(process(state, "parent").pid or 0, signal.SIGKILL)
    until(lambda: not procfs.is_running(grandchild))


def test_a_taken_port_is_named_with_its_owner_and_another_is_used_and_kept(state: StateDir) -> None:
    state.create()
    with socket.socket() as squatter:
        port = throwaway_port()
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        state.ports.write_text(json.dumps({"gateway": port}))
        latest = up(state, SMALL)
        chosen = latest.process("gateway").port
        assert chosen != port
        (notice,) = latest.notices
        assert f"port {port} is taken by" in notice
        assert f"(pid {os.getpid()})" in notice
        assert f"gateway listens on {chosen}" in notice
    control.stop(state)
    assert up(state, SMALL).process("gateway").port == chosen


def test_a_task_that_keeps_failing_takes_the_stack_down_and_shows_its_last_words(state: StateDir) -> None:
    control.start(state, table=f"{TABLES}:INIT_FAILS")
    with pytest.raises(control.StackError, match=r"(?s)init failed 3 times, last with status 4.*the moon is wrong"):
        list(control.watch(state, 30))
    assert not running(state)


def test_a_task_already_done_for_this_code_runs_again_when_all_else_is_ready(state: StateDir, until: Until) -> None:
    table = f"{TABLES}:INIT_IS_SLOW"
    assert up(state, table).process("init").state == "done"
    control.stop(state)
    assert up(state, table).process("init").state in ("waiting", "starting")
    until(lambda: process(state, "init").state == "starting")
    (state.path / "go").touch()
    until(lambda: process(state, "init").state == "done")


def test_a_task_that_fails_although_it_had_succeeded_is_told_and_stops_nothing(state: StateDir, until: Until) -> None:
    table = f"{TABLES}:INIT_FAILS_LATER"
    up(state, table)
    control.stop(state)
    up(state, table)
    until(lambda: (found := state.read()) and found.notices)
    latest = state.read()
    assert latest is not None
    assert "init failed 3 times" in latest.notices[0]
    assert [entry.name for entry in latest.lagging] == ["init"]
    assert latest.process("auth").state == "ready"


def test_a_forked_role_is_like_any_other(state: StateDir, until: Until) -> None:
    first = up(state, SMALL).process("auth")
    assert first.pid is not None
    assert procfs.program_name(first.pid) == "auth"
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: process(state, "auth").restarts == 1 and process(state, "auth").state == "ready")
    again = process(state, "auth")
    assert procfs.program_name(again.pid or 0) != "auth"  # started in the ordinary way
    forked, spawned = state.log("auth").read_text().splitlines()
    assert spawned.startswith(f"listening {again.port} auth with ")
    assert set(spawned.split()) - set(forked.split()) == {SUPERVISED_VARIABLE}  # a fork has it from the nursery


def test_without_a_nursery_roles_start_all_the_same(state: StateDir) -> None:
    latest = up(state, "tests.integration.deploy.dummies_broken:SMALL")
    assert latest.process("auth").restarts == 0
    assert latest.process("auth").state == "ready"
    assert "no_such_module" in state.log("supervisor").read_text()


def test_an_attached_supervisor_stops_on_ctrl_c(state: StateDir) -> None:
    supervisor = control.start_attached(state, table=SMALL)
    assert supervisor is not None
    list(control.watch(state, 30))
    assert control.start_attached(state, table=SMALL) is None
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait() == 0
    assert not running(state)


def test_what_does_not_become_ready_is_named(state: StateDir) -> None:
    control.start(state, table=f"{TABLES}:HAS_A_GRANDCHILD")
    with pytest.raises(
        control.StackError, match=r"(?s)not everything is ready after .*parent: starting, see .*parent\.log"
    ):
        list(control.watch(state, 0.5))


def test_erasing_deletes_what_is_ours_and_nothing_else(state: StateDir) -> None:
    up(state, REAL)
    (state.path / "notes.txt").write_text("not yours")
    control.erase(state)
    assert sorted(entry.name for entry in state.path.iterdir()) == ["init.runs", "notes.txt"]


def test_stopping_what_does_not_run_is_harmless(state: StateDir) -> None:
    assert not control.stop(state)
