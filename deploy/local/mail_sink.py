"""An SMTP server that keeps what it is given: every message becomes a file, and none goes any further.

`python -m deploy.local.mail_sink DIRECTORY PORT [--host HOST]` runs until SIGTERM. It is what stands for a relay on one
machine: the stack's notify sends to it, and `magicpic mail` reads the files.
"""

import argparse
import asyncio
import logging
import os
import re
import signal
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 1000
MAX_BYTES = 10 * 1024 * 1024
SUFFIX = ".eml"
UNFINISHED = ".unfinished"


class MailFolder:
    """The messages as files `<time>-<message id>.eml`, the newest `kept` of them, for their owner's eyes alone."""

    def __init__(self, directory: Path, *, kept: int = KEPT) -> None:
        self.directory = directory
        self._kept = kept

    def prepare(self) -> None:
        """Make the folder, and remove what a killed sink did not finish."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.directory.glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """The oldest first."""
        return sorted(self.directory.glob(f"*{SUFFIX}"))

    def keep(self, content: bytes) -> Path:
        message_id = str(BytesHeaderParser().parsebytes(content)["Message-ID"] or "")
        named = re.sub(r"[^0-9A-Za-z-]", "", message_id.partition("@")[0])[:64] or "nameless"
        path = self.directory / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{named}{SUFFIX}"
        unfinished = path.with_suffix(UNFINISHED)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        unfinished.rename(path)
        for old in self.files()[: -self._kept]:
            old.unlink(missing_ok=True)
        return path


class KeepAll:
    """aiosmtpd's handler: takes every message for every address."""

    def __init__(self, folder: MailFolder) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  (its name there)
        try:
            self._folder.keep(bytes(envelope.original_content or b""))
        except OSError as error:
            print(f"a message could not be kept: {error.strerror}", flush=True)
            return "452 Insufficient system storage"
        return "250 Kept"


async def serve(directory: Path, host: str, port: int) -> None:
    folder = MailFolder(directory)
    folder.prepare()
    loop = asyncio.get_running_loop()
    handler = KeepAll(folder)
    server = await loop.create_server(
        lambda: SMTP(handler, data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, hostname="magicpic", loop=loop),
        host,
        port,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    print(f"keeping mail in {directory}", flush=True)
    async with server:
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy.local.mail_sink")
    parser.add_argument("directory", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    logging.getLogger("mail").setLevel(logging.ERROR)  # aiosmtpd's: it would log addresses
    asyncio.run(serve(arguments.directory.absolute(), arguments.host, arguments.port))


if __name__ == "__main__":
    main()
