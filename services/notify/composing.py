"""From a person and a template to a whole message. Everything here is forgotten once the relay has it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from services.notify.templates import render

LONGEST_NAME = 60
JOINERS = "\u200c\u200d"
"""They shape letters in Hindi and its like."""
# A name is chosen by whoever signs up, and the mail goes to an address that is not verified yet: what could be read as
# an advertisement's link is no name to greet with.
LINK = re.compile(r"//|www\.|@|\w\.\w{2,}", re.IGNORECASE)


class BadAddress(Exception):
    """Not an address that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a mail is for. `user_id` marks the message, so that the local sink can delete it when they leave."""

    to: str
    name: str
    locale: str
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Sender:
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Message:
    sender: str
    recipient: str
    content: bytes
    needs_smtputf8: bool


def compose(
    sender: Sender, person: Person, template: str, fields: dict[str, object], *, mail_id: str, now: datetime
) -> Message:
    """The message, ready to be handed over. Errors: BadAddress."""
    recipient, needs_smtputf8 = _recipient(person.to)
    name = clean_name(person.name)
    rendered = render(template, person.locale, {**fields, "name": name})
    message = EmailMessage(policy=SMTPUTF8 if needs_smtputf8 else SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    local, _, domain = recipient.rpartition("@")
    message["To"] = Address(name, local, domain)
    message["Subject"] = rendered.subject
    message["Date"] = format_datetime(now)
    # From the event's id: should a relay deliver a message twice, mail programs show it once.
    message["Message-ID"] = f"<{mail_id}@{sender.address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if person.user_id is not None:
        message["X-MagicPic-User"] = str(person.user_id)
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = rendered.locale
    return Message(sender.address, recipient, message.as_bytes(), needs_smtputf8)


def clean_name(name: str) -> str:
    """On one line, without invisible characters, and short; nothing where it could be taken for a link."""
    seen = "".join(" " if _is_invisible(char) else char for char in name)
    found = " ".join(seen.split())[:LONGEST_NAME].strip()
    return "" if LINK.search(found) else found


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char)[0] in "CZ" and char not in JOINERS


def _recipient(address: str) -> tuple[str, bool]:
    """The address as the relay is told it, and whether only SMTPUTF8 can carry it."""
    try:
        found = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise BadAddress from None
    return found.ascii_email or found.normalized, found.ascii_email is None
