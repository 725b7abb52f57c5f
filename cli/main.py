"""`magicpic`: everything that a person or a supervisor starts. Each command imports only what it needs."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import stack
from contracts.subjects import SERVICES
from deploy.local.environment import environment
from deploy.local.state import default_state_dir

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
app.add_typer(stack.app)
dead = typer.Typer(no_args_is_help=True, help="Messages that no retry could help.")
app.add_typer(dead, name="dead")
keys = typer.Typer(no_args_is_help=True, help="The keys that sign tokens.")
app.add_typer(keys, name="keys")
admin = typer.Typer(no_args_is_help=True, help="Who may administrate.")
app.add_typer(admin, name="admin")
events = typer.Typer(no_args_is_help=True, help="What has happened, for analysis.")
app.add_typer(events, name="events")

TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
ROLES = (*SERVICES, "creation-worker", "gateway")


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name not in names:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(names)}")
        return name

    return check


@app.callback()
def main() -> None:
    """MagicPic: turn photos into art, share, battle, earn."""


def find_stack() -> None:
    """A stack that runs on this machine is found by its state directory; the real environment wins."""
    os.environ.update(environment(default_state_dir()))


@app.command()
def init() -> None:
    """Create databases, roles, tables, streams and the bucket, and publish the seed catalog. Harmless twice."""
    from cli.init import run

    find_stack()
    run()


@app.command()
def serve(role: Annotated[str, typer.Argument(help=f"One of: {', '.join(ROLES)}.", callback=one_of(ROLES))]) -> None:
    """Run one process of the stack until SIGTERM."""
    from cli.serve import run

    find_stack()
    run(role)


@app.command()
def demo(
    photo: Annotated[Path | None, typer.Option(help="A JPEG, PNG or WebP of yours; default: a bundled one.")] = None,
    out: Annotated[Path, typer.Option(help="Where the pictures are written.")] = Path("demo"),
) -> None:
    """Sign up a new user and put one photo through every style."""
    from cli.demo import run

    stack.up(foreground=False)
    find_stack()
    run(photo, out)


@app.command()
def mail(
    number: Annotated[int | None, typer.Argument(help="Show this one; 1 is the newest. None: list the last.")] = None,
    *,
    last: Annotated[int, typer.Option("-n", "--last", min=1, help="How many to list.")] = 20,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="List what was refused, put off or is unknown.")] = False,
) -> None:
    """Show the mail that the local sink has kept, or what could not be sent."""
    from cli import mail as mails

    find_stack()
    if not_sent:
        mails.show_not_sent(os.environ["MAGICPIC_NOTIFY_DATABASE_URL"], last)
    elif number is None:
        mails.show_list(last)
    else:
        mails.show_one(number)


@app.command()
def code(
    address: Annotated[str, typer.Argument(help="Whom it was mailed to.")],
    about: Annotated[str, typer.Argument(help="Words of the mail's subject.")] = "",
) -> None:
    """Print the code of the newest mail to an address, as soon as it is there."""
    from cli.mail import show_code

    find_stack()
    show_code(address, about)


@app.command()
def audit() -> None:
    """Check every credit (the journal's chain, sums, folds, transfers, lots, holds) and every vote. 1 on any fault."""
    from cli.operate import audit as run

    find_stack()
    run()


@app.command()
def rebuild(
    service: Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.", callback=one_of(SERVICES))],
    *,
    compare_only: Annotated[bool, typer.Option("--compare-only", help="Change nothing.")] = False,
) -> None:
    """Replay a service's events into new read tables, compare them with the live ones, and swap where they differ."""
    from cli.operate import rebuild as run

    find_stack()
    run(service, swap=not compare_only)


@dead.command("list")
def dead_list() -> None:
    """Show the dead letters, the oldest first."""
    from cli.operate import list_dead

    find_stack()
    list_dead()


@dead.command("replay")
def dead_replay(
    number: Annotated[int | None, typer.Argument(help="Its number in the list; none: all of them.")] = None,
) -> None:
    """Hand dead letters to their consumers once more; those that take effect are removed."""
    from cli.operate import replay_dead

    find_stack()
    replay_dead(number)


@keys.command("list")
def keys_list() -> None:
    """Show the keys that verify tokens, the one that signs first."""
    from cli.people import list_keys

    find_stack()
    list_keys()


@keys.command("rotate")
def keys_rotate() -> None:
    """Make a new signing key. Nobody is signed out: the former ones verify until their last token has expired."""
    from cli.people import rotate_keys

    find_stack()
    rotate_keys()


@admin.command("create")
def admin_create(email: Annotated[str, typer.Argument(help="The address of an account that exists.")]) -> None:
    """Make an account an admin."""
    from cli.people import create_admin

    find_stack()
    create_admin(email)


@events.command("export")
def events_export(
    since: Annotated[datetime, typer.Option(formats=TIMES, help="From here on; UTC, unless a zone is given.")],
    *,
    until: Annotated[datetime | None, typer.Option(formats=TIMES, help="Up to here; default: now.")] = None,
    service: Annotated[str | None, typer.Option(help=f"One of: {', '.join(SERVICES)}. Default: all.")] = None,
    form: Annotated[Literal["ndjson", "parquet"], typer.Option("--format", help="JSON lines, or Parquet too.")] = (
        "ndjson"
    ),
    out: Annotated[Path, typer.Option(help="The directory of the files.")] = Path("exports"),
) -> None:
    """Write published events, a file per service, without personal data. Again: adds what is new."""
    from cli.events import run, span_of

    try:
        span = span_of(since, until)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from None
    chosen = (one_of(SERVICES)(service),) if service else SERVICES
    find_stack()
    run(span, chosen, out, parquet=form == "parquet")


@app.command()
def contracts(
    *,
    breaking: Annotated[bool, typer.Option("--breaking", help="Write even what breaks a reader.")] = False,
) -> None:
    """Write contracts/published/ anew. Refuses a change that would break a reader."""
    from cli.contracts import run

    run(breaking=breaking)
