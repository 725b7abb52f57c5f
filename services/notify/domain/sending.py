"""The rules of one mail: claimed by one process at a time, sent at most once. One stream per mail.

A claim is committed before the relay is given the message, and what came of it is recorded after. Between the two
nobody can know; a claim that ends without a word leaves the mail `unknown`, and it is never sent again. No address and
no content is in any of this.

A push to one device goes by the same rules, in streams of its own: its `template` is the notification's type.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

Status = Literal["open", "claimed", "sent", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Mail:
    """`open`: nobody has it in hand, and it may be sent. `claim` names the try that has it until `until`."""

    status: Status = "open"
    claim: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LookAtMail:
    """Whether it can be sent at all; gives up a claim whose time has passed."""

    template: str


@dataclass(frozen=True, slots=True)
class ClaimMail:
    template: str
    claim: str
    until: datetime


@dataclass(frozen=True, slots=True)
class RecordSent:
    template: str
    claim: str


@dataclass(frozen=True, slots=True)
class RecordReleased:
    """The relay certainly did not take it, for now: `reply` is its SMTP code."""

    template: str
    claim: str
    reply: int


@dataclass(frozen=True, slots=True)
class RecordRefused:
    """The relay will never take it. `claim` is empty when it said so before the mail was claimed."""

    template: str
    claim: str
    reply: int


@dataclass(frozen=True, slots=True)
class RecordUnknown:
    """The line broke before the relay had answered: it may have the message or not."""

    template: str
    claim: str


Command = LookAtMail | ClaimMail | RecordSent | RecordReleased | RecordRefused | RecordUnknown


@dataclass(frozen=True, slots=True)
class MailClaimed:
    template: str
    claim: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MailSent:
    template: str


@dataclass(frozen=True, slots=True)
class MailReleased:
    template: str
    reply: int


@dataclass(frozen=True, slots=True)
class MailRefused:
    template: str
    reply: int


@dataclass(frozen=True, slots=True)
class MailLeftUnknown:
    template: str


Event = MailClaimed | MailSent | MailReleased | MailRefused | MailLeftUnknown


class BeingSent(ServiceError):
    """Another try has it in hand; what comes of that must be awaited."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "This mail is being sent.")


def decide(command: Command, mail: Mail, now: datetime) -> list[Event]:
    match command:
        case LookAtMail():
            return _look(command.template, mail, now)
        case ClaimMail():
            if mail.status == "claimed" and mail.claim == command.claim:
                return []
            if mail.status == "open":
                return [MailClaimed(command.template, command.claim, command.until)]
            return _look(command.template, mail, now)
        case RecordSent():
            # Also when it was given up as unknown meanwhile: knowing is better.
            return [MailSent(command.template)] if mail.claim == command.claim and mail.status != "sent" else []
        case RecordReleased():
            return [MailReleased(command.template, command.reply)] if _holds(command.claim, mail) else []
        case RecordRefused():
            found = _holds(command.claim, mail) if command.claim else mail.status == "open"
            return [MailRefused(command.template, command.reply)] if found else []
        case RecordUnknown():
            return [MailLeftUnknown(command.template)] if _holds(command.claim, mail) else []
        case _:
            assert_never(command)


def _holds(claim: str, mail: Mail) -> bool:
    return mail.status == "claimed" and mail.claim == claim


def _look(template: str, mail: Mail, now: datetime) -> list[Event]:
    if mail.status != "claimed" or mail.until is None:
        return []
    if now < mail.until:
        raise BeingSent
    return [MailLeftUnknown(template)]


def evolve(mail: Mail, event: Event) -> Mail:
    match event:
        case MailClaimed():
            return Mail("claimed", event.claim, event.until)
        case MailSent():
            return replace(mail, status="sent")
        case MailReleased():
            return Mail("open")
        case MailRefused():
            return replace(mail, status="refused")
        case MailLeftUnknown():
            return replace(mail, status="unknown")
        case _:
            assert_never(event)


MAIL: Decider[Command, Mail, Event] = Decider(
    category="mail",
    initial=Mail(),
    decide=decide,
    evolve=evolve,
    events=(MailClaimed, MailSent, MailReleased, MailRefused, MailLeftUnknown),
)
PUSH: Decider[Command, Mail, Event] = replace(MAIL, category="push")
