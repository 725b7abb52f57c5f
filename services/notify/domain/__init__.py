"""The rules of notify, pure: what is sent once, what stands in an inbox, which likes are told together, quiet hours."""

from services.notify.domain.inbox import BROADCAST, INBOX
from services.notify.domain.kinds import Kind
from services.notify.domain.likes import LIKES
from services.notify.domain.quiet import QuietHours
from services.notify.domain.sending import (
    MAIL,
    PUSH,
    BeingSent,
    ClaimMail,
    Command,
    Event,
    LookAtMail,
    Mail,
    MailClaimed,
    MailLeftUnknown,
    MailRefused,
    MailReleased,
    MailSent,
    RecordRefused,
    RecordReleased,
    RecordSent,
    RecordUnknown,
    Status,
)

__all__ = [
    "BROADCAST",
    "INBOX",
    "LIKES",
    "MAIL",
    "PUSH",
    "BeingSent",
    "ClaimMail",
    "Command",
    "Event",
    "Kind",
    "LookAtMail",
    "Mail",
    "MailClaimed",
    "MailLeftUnknown",
    "MailRefused",
    "MailReleased",
    "MailSent",
    "QuietHours",
    "RecordRefused",
    "RecordReleased",
    "RecordSent",
    "RecordUnknown",
    "Status",
]
