"""`magicpic mail`: what the local mail sink has kept."""

import asyncio
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from time import monotonic, sleep

import asyncpg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local.mail_sink import MailFolder

CODE = re.compile(r"^ {4}(\S{4,16})$", re.MULTILINE)
WIDE = 160
"""Characters of a line that goes into a pipe or a file."""
console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
WAIT_S, LOOK_EVERY_S = 10.0, 0.2
NOT_SENT = """
SELECT changed_at, template, status, reply, mail_id FROM mails WHERE status <> 'sent'
ORDER BY changed_at DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message as a person reads it."""

    time: str
    to: str
    subject: str
    text: str

    @property
    def code(self) -> str:
        found = CODE.search(self.text)
        return found[1] if found else ""


def show_list(last: int) -> None:
    """The last ones, the newest below, numbered from the newest."""
    files = _newest_first()[:last]
    if not files:
        console.print("No mail yet.")
        return
    shown = Table("number", "time", "to", "subject", "code", box=None)
    for number, path in reversed([*enumerate(files, 1)]):
        kept = read(path)
        shown.add_row(str(number), kept.time, escape(kept.to), escape(kept.subject), escape(kept.code))
    console.print(shown)
    console.print("`magicpic mail NUMBER` shows one.")


def show_one(number: int) -> None:
    files = _newest_first()
    if not 1 <= number <= len(files):
        console.print(f"There is no mail {number}; there are {len(files)}.")
        raise SystemExit(1)
    path = files[number - 1]
    kept = read(path)
    print(f"Time:    {kept.time}\nTo:      {kept.to}\nSubject: {kept.subject}\nFile:    {path}\n\n{kept.text}")


def show_code(address: str, about: str) -> None:
    """The code of the newest mail to the address with these words in its subject. One that is on its way is awaited."""
    deadline = monotonic() + WAIT_S
    while (found := _code(address.casefold(), about.casefold())) is None:
        if monotonic() > deadline:
            console.print(f"No code was mailed to {escape(address)} (in mails about {about!r}). See `magicpic mail`.")
            raise SystemExit(1)
        sleep(LOOK_EVERY_S)
    print(found)


def _code(address: str, about: str) -> str | None:
    for path in _newest_first():
        kept = read(path)
        if kept.code and address == parseaddr(kept.to)[1].casefold() and about in kept.subject.casefold():
            return kept.code
    return None


def show_not_sent(database_url: str, last: int) -> None:
    """What notify knows of mails that were refused, put off, or of which nobody knows whether they were sent."""
    shown = Table("time", "template", "status", "reply", "mail", box=None)
    for row in asyncio.run(not_sent(database_url, last)):
        time, template, status, reply, mail_id = row
        shown.add_row(f"{time:%Y-%m-%d %H:%M:%S}", template, status, str(reply or ""), mail_id)
    console.print(shown if shown.row_count else "Every mail that a relay was offered was sent.")


async def not_sent(database_url: str, last: int) -> list[asyncpg.Record]:
    """The newest first."""
    connection = await asyncpg.connect(database_url)
    try:
        return list(await connection.fetch(NOT_SENT, last))
    finally:
        await connection.close()


def read(path: Path) -> Kept:
    with path.open("rb") as file:
        message = BytesParser(policy=policy.default).parse(file)
    body = message.get_body(("plain",))
    written = path.name.partition("-")[0]
    time = f"{written[:4]}-{written[4:6]}-{written[6:8]} {written[9:11]}:{written[11:13]}:{written[13:15]}"
    text = body.get_content() if body else ""
    return Kept(time, _printable(str(message["To"] or "")), _printable(str(message["Subject"] or "")), _printable(text))


def _printable(text: str) -> str:
    """A message may come from anyone: nothing in it is to steer the terminal."""
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) != "Cc")


def _newest_first() -> list[Path]:
    directory = os.environ.get("MAGICPIC_MAIL_SINK_DIR")
    return MailFolder(Path(directory)).files()[::-1] if directory else []
