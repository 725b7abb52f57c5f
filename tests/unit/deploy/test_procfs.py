import os
import signal
import socket
import subprocess
from pathlib import Path

from deploy.local import procfs
from deploy.local.ports import throwaway_port

NOBODY_HAS_THIS_PID = 2**22 + 1


def test_nothing_is_known_of_a_process_that_is_gone() -> None:
    assert procfs.program_name(NOBODY_HAS_THIS_PID) == ""
    assert procfs.working_directory(NOBODY_HAS_THIS_PID) == ""
    assert procfs.resident_bytes(NOBODY_HAS_THIS_PID) == 0
    assert not procfs.is_running(NOBODY_HAS_THIS_PID)
    procfs.send_signal(NOBODY_HAS_THIS_PID, signal.SIGTERM)


def test_memory_of_a_family_is_more_than_that_of_its_head() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE):
        assert procfs.resident_bytes(os.getpid()) > procfs.resident_bytes_of_one(os.getpid()) > 1_000_000


def test_the_owner_of_a_port_is_named() -> None:
    with socket.socket() as listener:
        port = throwaway_port()
        listener.bind(("127.0.0.1", port))
        assert procfs.port_owner(port) == ""
        listener.listen()
        assert procfs.port_owner(port) == f"{procfs.program_name(os.getpid())} (pid {os.getpid()})"


def test_processes_that_must_end_are_waited_for() -> None:
    with subprocess.Popen(["/bin/sleep", "1000"]) as sleeper:
        assert procfs.end([sleeper.pid], signal.SIGKILL, timeout_s=15)
    assert procfs.end([], signal.SIGKILL, timeout_s=0)


def test_processes_that_do_not_end_are_reported() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as deaf:
        assert not procfs.end([deaf.pid], signal.SIGCONT, timeout_s=0)


def test_a_process_is_found_by_its_environment_and_its_directory() -> None:
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, env={"MARK": "here"}, cwd="/usr/bin") as marked:
        assert procfs.processes_with("MARK", "here") == [marked.pid]
        assert procfs.processes_with("MARK", "her") == []
        assert marked.pid in procfs.processes_in(Path("/usr/bin"), program="cat")
        assert marked.pid not in procfs.processes_in(Path("/usr"), program="cat")
