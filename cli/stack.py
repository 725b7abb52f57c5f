"""`magicpic up`, `down`, `status`, `logs` and `reset`: the embedded stack, for humans."""

import json
import signal
import time
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local import control, procfs
from deploy.local.logs import Follower, last_lines
from deploy.local.state import ProcessStatus, StackStatus, StateDir, default_state_dir
from deploy.local.supervisor import TABLE

app = typer.Typer(help="The embedded stack: PostgreSQL, NATS, S3 and all services on this machine.")
console = Console(highlight=False)
FOLLOW_INTERVAL_S = 0.2
COLOURS = {"ready": "green", "done": "green", "failed": "red", "restarting": "red", "stopped": "dim"}


@app.command()
def up(
    *,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay; Ctrl-C stops everything.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to wait until all is ready.")] = 120,
    table: Annotated[str, typer.Option(hidden=True)] = TABLE,
) -> None:
    """Start everything and wait until it is ready. Harmless when it is up already."""
    state = StateDir(default_state_dir())
    if foreground:
        _up_in_foreground(state, timeout_s, table)
        return
    began = time.monotonic()
    try:
        started = control.start(state, table=table)
        status = _show_progress(state, timeout_s)
    except control.StackError as error:
        _give_up(error)
    except KeyboardInterrupt:
        console.print(
            "\nIt goes on starting in the background. `make status` shows how far it is, `make down` stops it."
        )
        raise typer.Exit(130) from None
    said = f"MagicPic is up, after {time.monotonic() - began:.1f} s." if started else "MagicPic is already up."
    _say_where(state, status, said)


@app.command()
def down() -> None:
    """Stop everything, gracefully. The data stays."""
    state = StateDir(default_state_dir())
    with console.status("stopping"):
        stopped = control.stop(state)
    console.print("Stopped. The data stays; `make up` starts again." if stopped else "Nothing was running.")


@app.command()
def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="For programs: what the supervisor knows.")] = False
) -> None:
    """Show each process: state, uptime, restarts, memory, port. Ends with 1 unless all are ready."""
    state = StateDir(default_state_dir())
    found = state.read() if state.is_held() else None
    if as_json:
        console.print_json(json.dumps(asdict(found) if found else None))
    elif found is None:
        console.print(f"Nothing is running in {state.path}. `make up` starts it.")
    else:
        console.print(_status_table(found))
    if found is None or found.lagging:
        raise typer.Exit(1)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="One process; all of them when left out.")] = None,
    *,
    following: Annotated[bool, typer.Option("-f", "--follow", help="Go on as lines are written.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", help="How many of each to begin with.")] = 20,
) -> None:
    """Show what the processes wrote, each line with its process's name before it."""
    state = StateDir(default_state_dir())
    known = {path.stem: path for path in sorted(state.logs.glob("*.log"))}
    if name is not None and name not in known:
        _give_up(f"there is no log of {name!r}; there are: {', '.join(known) or 'none, before a first `make up`'}")
    chosen = [known[name]] if name else list(known.values())
    follower = Follower(chosen)
    for path in chosen:
        for line in last_lines(path, lines):
            _show_line(path.stem, line)
    try:
        while following:
            time.sleep(FOLLOW_INTERVAL_S)
            _show_new(follower)
    except KeyboardInterrupt:
        return


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete all its data, secrets and logs."""
    state = StateDir(default_state_dir())
    if not state.path.exists():
        console.print(f"There is nothing in {state.path}.")
        return
    if not yes:
        typer.confirm(f"Delete all accounts, pictures and credits in {state.path}?", abort=True)
    control.erase(state)
    console.print(f"Deleted {state.path}. `make up` starts from nothing.")


def _up_in_foreground(state: StateDir, timeout_s: float, table: str) -> None:
    supervisor = control.start_attached(state, table=table)
    try:
        _say_where(
            state, _show_progress(state, timeout_s), "MagicPic is up." if supervisor else "MagicPic is already up."
        )
        if supervisor is None:
            return
        console.print("Ctrl-C stops everything.\n")
        follower = Follower(sorted(state.logs.glob("*.log")))
        while supervisor.poll() is None:
            time.sleep(FOLLOW_INTERVAL_S)
            _show_new(follower)
    except KeyboardInterrupt:
        console.print("\nstopping")
    except control.StackError as error:
        _give_up(error)
    finally:
        if supervisor is not None:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait()


def _show_progress(state: StateDir, timeout_s: float) -> StackStatus:
    """One line for each process as it becomes ready, and what is awaited beside a spinner."""
    before = state.read()
    told = {process.name for process in before.processes} if before and before.phase == "ready" else set()
    latest: StackStatus | None = None
    with console.status("starting") as spinner:
        for latest in control.watch(state, timeout_s):
            for process in latest.processes:
                _tell_once(process, told)
            waiting = [process.name for process in latest.lagging]
            spinner.update("waiting for " + ", ".join(waiting))
    if latest is None:
        raise control.StackError("the supervisor said nothing")
    return latest


def _tell_once(process: ProcessStatus, told: set[str]) -> None:
    if process.state in ("ready", "done") and process.name not in told:
        told.add(process.name)
        where = f" on port {process.port}" if process.port else ""
        after = f" after {process.ready_after_s:.1f} s" if process.ready_after_s else ""
        console.print(f"  [green]✓[/] {process.name:<16}{process.state}{where}{after}")
    elif process.state == "restarting" and (note := f"{process.name} {process.restarts}") not in told:
        told.add(note)
        console.print(f"  [red]✗[/] {process.name:<16}{escape(_ending(process))}; starting it again")


def _ending(process: ProcessStatus) -> str:
    return process.detail or f"ended with status {process.last_exit}"


def _say_where(state: StateDir, status: StackStatus, said: str) -> None:
    console.print(f"[bold]{said}[/]")
    for notice in status.notices:
        console.print(f"  [yellow]![/] {escape(notice)}", soft_wrap=True)
    for process in status.processes:
        if process.name == "gateway":
            url = f"http://127.0.0.1:{process.port}"
            console.print(f"  API   {url}/api   documentation {url}/docs")
    console.print(
        f"  logs  {state.logs}   `make logs` shows them, `make status` the processes, `make down` stops all",
        soft_wrap=True,
    )


def _status_table(found: StackStatus) -> Table:
    table = Table("process", "state", "pid", "uptime", "restarts", "memory", "port", "last exit", box=None)
    total = 0
    for process in found.processes:
        resident = procfs.resident_bytes(process.pid) if process.pid else 0
        total += resident
        table.add_row(*_status_row(process, resident))
    supervisor = procfs.resident_bytes_of_one(found.supervisor_pid)
    table.add_row(
        "supervisor", found.phase, str(found.supervisor_pid), _ago(found.started_at), "", _megabytes(supervisor)
    )
    table.add_row("[bold]all[/]", "", "", "", "", f"[bold]{_megabytes(total + supervisor)}[/]")
    return table


def _status_row(process: ProcessStatus, resident: int) -> list[str]:
    colour = COLOURS.get(process.state, "yellow")
    return [
        process.name,
        f"[{colour}]{process.state}[/]",
        str(process.pid or ""),
        _ago(process.started_at) if process.pid else "",
        str(process.restarts),
        _megabytes(resident) if resident else "",
        str(process.port or ""),
        "" if process.last_exit is None else str(process.last_exit),
    ]


def _ago(since: float | None) -> str:
    seconds = int(time.time() - since) if since else 0
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds % 60:02}s"


def _megabytes(amount_bytes: int) -> str:
    return f"{amount_bytes / 1024**2:.0f} MB"


def _show_new(follower: Follower) -> None:
    for process, line in follower.new():
        _show_line(process, line)


def _show_line(process: str, line: str) -> None:
    console.print(f"[cyan]{process:>16}[/] {escape(line)}", soft_wrap=True)


def _give_up(error: object) -> NoReturn:
    console.print(f"[red]error:[/] {escape(str(error))}")
    raise typer.Exit(1)
