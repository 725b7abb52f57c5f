"""The local stack's mail sink keeps letters: of someone who leaves, they go here."""

import asyncio
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from pathlib import Path

from contracts.events import auth
from kernel.bus import Delivery
from kernel.logging import log


class SinkEraser:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def account_deleted(self, event: auth.AccountDeleted, _: Delivery) -> None:
        found = await asyncio.to_thread(self._erase, str(event.user_id))
        log.info("mail files erased", user=event.user_id, files=found)

    def _erase(self, user_id: str) -> int:
        """What was sent to them, and what went to their addresses while those were not known to be theirs."""
        letters = list(self._letters())
        theirs = {_address(headers) for _, headers in letters if _user(headers) == user_id}
        erased = [path for path, headers in letters if _user(headers) == user_id or _address(headers) in theirs]
        for path in erased:
            path.unlink(missing_ok=True)
        return len(erased)

    def _letters(self) -> Iterator[tuple[Path, Message]]:
        for path in self._directory.glob("*.eml"):
            try:
                with path.open("rb") as file:
                    yield path, BytesHeaderParser().parse(file)
            except FileNotFoundError:  # the sink keeps the newest alone
                continue


def _user(headers: Message) -> str:
    return str(headers["X-MagicPic-User"]).strip()


def _address(headers: Message) -> str:
    return parseaddr(str(headers["To"]))[1].casefold()
