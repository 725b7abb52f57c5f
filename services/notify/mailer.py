"""Delivering one mail, at most once: look, ask, connect, offer; claim; hand over; record.

Until the claim nothing is written, so a relay that is away for a day costs no event. After it, only an answer of the
relay can say that the message was not taken; without one the mail is `unknown` and never sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from prometheus_client import Counter

from contracts.errors import ServiceError
from kernel.clock import Clock, utc_now
from kernel.commands import CommandBus
from kernel.logging import log
from services.notify.claims import TRANSIENT, Claims
from services.notify.composing import BadAddress, Message, Person, Sender, compose
from services.notify.domain import MAIL, BeingSent, RecordRefused, RecordReleased, RecordSent, RecordUnknown
from services.notify.relay import Never, NotNow, Relay, RelayAway, Session

CLAIM_MARGIN_S = 5.0
"""How much longer a claim lasts than the longest handing over."""
PATIENCE_NOT_NOW = timedelta(minutes=15)
"""A mail that the relay puts off waits in the way of others, so not for long."""
PATIENCE_AWAY = timedelta(hours=24)
"""While the relay (or auth) is away there is nothing that could be held up."""
CLOSE_TIMEOUT_S = 8.0
NO_ADDRESS = 553

MAILS = Counter("mails_total", "Mails by what came of them", ["template", "outcome"])


@dataclass(frozen=True, slots=True)
class Order:
    """One mail to send. `mail_id` is its event's id in hex."""

    mail_id: str
    template: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Contents:
    person: Person
    fields: dict[str, object]


Ask = Callable[[], Awaitable[Contents | None]]


class Later(ServiceError):
    """To be tried again. The kernel does so for as long as it hears this code."""

    def __init__(self, reason: str) -> None:
        super().__init__("SERVICE_UNAVAILABLE", f"The mail could not be sent yet: {reason}.")


class GivenUp(Exception):
    """Patience is at its end: it becomes a dead letter, and an operator's replay is one more try."""


class Mailer:
    def __init__(
        self,
        commands: CommandBus,
        relay: Relay,
        sender: Sender,
        *,
        connections: int,
        timeout_s: float,
        max_age: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        self._relay = relay
        self._sender = sender
        self._timeout_s = timeout_s
        # Reading the answers to DATA and to the message: each may take that long.
        life = timedelta(seconds=2 * timeout_s + CLAIM_MARGIN_S)
        self._claims = Claims(commands, MAIL, life=life, clock=clock)
        self._max_age = max_age
        self._clock = clock
        self._connections = connections
        self._free = asyncio.Semaphore(connections)
        self._in_hand: set[str] = set()
        self._closing = False

    async def close(self) -> None:
        """Begin nothing more, and see through what has begun."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                for _ in range(self._connections):
                    await self._free.acquire()
        except TimeoutError:
            log.warning("a mail is still being handed over")

    async def deliver(self, order: Order, ask: Ask) -> None:
        """Send it, unless that is done or cannot be. Errors: ServiceError (try again), GivenUp."""
        if order.mail_id in self._in_hand:  # delivered again while it waits its turn here
            raise BeingSent
        self._in_hand.add(order.mail_id)
        try:
            async with self._free:
                if self._closing:
                    raise Later("this process is ending")
                await self._deliver(order, ask)
        except (RelayAway, NotNow) as error:
            self._count(order, "delayed")
            patience = PATIENCE_AWAY if isinstance(error, RelayAway) else PATIENCE_NOT_NOW
            if self._clock() - order.happened_at < patience:
                raise Later(f"{type(error).__name__} ({error})") from None
            raise GivenUp(f"{type(error).__name__} ({error})") from None
        except ServiceError as error:
            if error.code in TRANSIENT:
                raise Later(error.code) from None
            raise
        finally:
            self._in_hand.discard(order.mail_id)

    async def _deliver(self, order: Order, ask: Ask) -> None:
        if self._clock() - order.happened_at > self._max_age:
            self._count(order, "too_old")
            return
        if await self._look(order) != "open":
            return
        contents = await ask()
        if contents is None:
            self._count(order, "nobody")
            return
        try:
            message = self._compose(order, contents)
        except BadAddress:
            await self._refused(order, "", NO_ADDRESS)
            return
        async with self._relay.session() as session:
            await self._send(order, message, session)

    def _compose(self, order: Order, contents: Contents) -> Message:
        return compose(
            self._sender,
            contents.person,
            order.template,
            contents.fields,
            mail_id=order.mail_id,
            now=self._clock(),
        )

    async def _send(self, order: Order, message: Message, session: Session) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await session.offer(message)
        except TimeoutError:
            raise RelayAway("TimeoutError") from None
        except Never as error:
            await self._refused(order, "", error.reply)
            return
        claim = uuid4().hex
        if not await self._claim(order, claim):
            return
        try:
            outcome = await session.hand_over(message)
        except NotNow as error:
            await self._claims.record(order.mail_id, RecordReleased(order.template, claim, error.reply))
            raise
        except Never as error:
            await self._refused(order, claim, error.reply)
            return
        if outcome == "sent":
            await self._claims.record(order.mail_id, RecordSent(order.template, claim))
            self._count(order, "sent")
        else:
            await self._claims.record(order.mail_id, RecordUnknown(order.template, claim))
            self._unknown(order)

    async def _look(self, order: Order) -> str:
        found = await self._claims.look(order.mail_id, order.template)
        if found.was_given_up:
            self._unknown(order)
        return found.status

    async def _claim(self, order: Order, claim: str) -> bool:
        """Whether we alone may send it now."""
        found = await self._claims.claim(order.mail_id, order.template, claim)
        return found.status == "claimed" and found.claim == claim

    async def _refused(self, order: Order, claim: str, reply: int) -> None:
        await self._claims.record(order.mail_id, RecordRefused(order.template, claim, reply))
        log.warning("the relay refused a mail", mail=order.mail_id, template=order.template, reply=reply)
        self._count(order, "refused")

    def _unknown(self, order: Order) -> None:
        log.error("it is unknown whether a mail was sent", mail=order.mail_id, template=order.template)
        self._count(order, "unknown")

    def _count(self, order: Order, outcome: str) -> None:
        MAILS.labels(order.template, outcome).inc()
