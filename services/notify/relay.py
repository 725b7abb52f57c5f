"""The SMTP relay that takes our mail: connect, offer, and only then hand over.

What a relay says in words may quote an address, so none of it goes further than this module: only its codes do.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

import aiosmtplib

from services.notify.composing import Message
from services.notify.settings import NotifySettings

CLOSING = 421
PERMANENT = 500
FAULTS = (aiosmtplib.SMTPException, OSError, TimeoutError)
QUIT_TIMEOUT_S = 1.0


class RelayAway(Exception):
    """The relay cannot be reached, or does not let us in: no mail can be sent now."""


class NotNow(Exception):
    """The relay does not take this mail now. `reply` is its code."""

    def __init__(self, reply: int) -> None:
        super().__init__(f"the relay answered {reply}")
        self.reply = reply


class Never(Exception):
    """The relay will never take this mail. `reply` is its code."""

    def __init__(self, reply: int) -> None:
        super().__init__(f"the relay answered {reply}")
        self.reply = reply


class Session:
    """A connection to the relay, good for one mail."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    async def offer(self, message: Message) -> None:
        """Name sender and recipient. Nothing is sent by that. Errors: RelayAway, NotNow, Never."""
        international = message.needs_smtputf8
        if international and not self._client.supports_extension("smtputf8"):
            raise Never(550)
        encoding, options = ("utf-8", ["SMTPUTF8", "BODY=8BITMIME"]) if international else ("ascii", [])
        try:
            # A sender that is refused for good is our own setting at fault: the mail waits until that is mended.
            await self._client.mail(message.sender, options=options, encoding=encoding)
            await self._client.rcpt(message.recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            raise _refusal(error.code) from None
        except aiosmtplib.SMTPSenderRefused as error:
            raise (RelayAway("closing") if error.code == CLOSING else NotNow(error.code)) from None
        except FAULTS as error:
            raise RelayAway(type(error).__name__) from None

    async def hand_over(self, message: Message) -> Literal["sent", "unknown"]:
        """Give it the message: `unknown` when the line broke before its answer. Errors: RelayAway, NotNow, Never."""
        try:
            await self._client.data(message.content)
        except aiosmtplib.SMTPDataError as error:
            raise _refusal(error.code) from None
        except FAULTS:
            return "unknown"
        return "sent"


def _refusal(reply: int) -> NotNow | Never:
    return Never(reply) if reply >= PERMANENT else NotNow(reply)


class Relay:
    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._timeout_s = settings.smtp_timeout_s

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Errors: RelayAway, also when it refuses our name or password, or cannot prove who it is."""
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            local_hostname=settings.mail_from.rpartition("@")[2],
            timeout=self._timeout_s,
        )
        try:
            try:
                await client.connect()
                await client.ehlo()
            except FAULTS as error:
                raise RelayAway(type(error).__name__) from None
            yield Session(client)
        finally:
            with suppress(*FAULTS):
                await client.quit(timeout=min(QUIT_TIMEOUT_S, self._timeout_s))
            client.close()
