"""Of someone who leaves, notify itself keeps nothing. The local stack's mail sink keeps letters: they go here."""

import asyncio
from email.parser import BytesHeaderParser
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
        erased = 0
        for path in self._directory.glob("*.eml"):
            try:
                with path.open("rb") as file:
                    headers = BytesHeaderParser().parse(file)
            except FileNotFoundError:  # the sink keeps the newest alone
                continue
            if str(headers["X-MagicPic-User"]).strip() == user_id:
                path.unlink(missing_ok=True)
                erased += 1
        return erased
