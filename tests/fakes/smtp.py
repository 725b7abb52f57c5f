"""An SMTP relay that does what a test wants of it: takes mail, refuses it, goes away, or breaks off."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from deploy.local.ports import throwaway_port


class Closing(asyncio.Protocol):
    """A server that is too busy even to say hello."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 too busy\r\n")
        transport.close()


@dataclass
class FakeRelay:
    """`messages` are those that it answered for with 250. What is set in the second group holds until changed."""

    port: int = field(default_factory=throwaway_port)
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    offered: int = 0
    """How often the whole of a message has arrived here, whatever was answered."""

    too_busy: bool = False
    at_mail: str = ""
    at_rcpt: str = ""
    at_data: str = ""
    break_off: bool = False
    hold: asyncio.Event | None = None
    """What is waited for before a message is answered."""
    gates: list[asyncio.Event] = field(default_factory=list)
    """Each is waited for before one recipient is answered, in turn."""
    smtputf8: bool = True
    tls: ssl.SSLContext | None = None
    """With it, nothing goes without STARTTLS and the password."""
    password: str = ""

    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._connect, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """From now on connections are refused."""
        if self._server:
            self._server.close()
            self._server = None

    def _connect(self) -> asyncio.Protocol:
        self.connections += 1
        if self.too_busy:
            return Closing()
        return SMTP(
            self,
            enable_SMTPUTF8=self.smtputf8,
            hostname="relay",
            loop=asyncio.get_running_loop(),
            tls_context=self.tls,
            require_starttls=self.tls is not None,
            auth_required=self.tls is not None,
            authenticator=self._authenticate,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        return AuthResult(success=data.password == self.password.encode(), handled=False)

    async def handle_MAIL(  # noqa: N802  (aiosmtpd's names)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.at_mail or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.gates:
            await self.gates.pop(0).wait()
        if self.at_rcpt:
            return self.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.offered += 1
        if self.hold:
            await self.hold.wait()
        if self.break_off:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            await asyncio.Event().wait()  # the end of the connection ends this
        if self.at_data:
            return self.at_data
        content = bytes(envelope.original_content or b"")
        self.messages.append(BytesParser(policy=policy.default).parsebytes(content))
        self.recipients += envelope.rcpt_tos
        return "250 Taken"


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content
