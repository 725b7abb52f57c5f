"""The words of every mail: `<locale>/<name>.txt`, whose first line is the subject, and `<locale>/<name>.html`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

FOLDER = Path(__file__).parent
LOCALES = ("en", "hi")
NAMES = (
    "verify_email",
    "sign_in",
    "reset_password",
    "delete_account",
    "welcome",
    "password_changed",
    "account_locked",
    "theft",
    "export_ready",
    "deletion_requested",
    "deletion_cancelled",
)
MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "hi": (
        *("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून"),
        *("जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
    ),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    locale: str
    subject: str
    text: str
    html: str


def render(name: str, locale: str, fields: Mapping[str, object]) -> Rendered:
    """One mail in the reader's language, or else in English. A field that is missing is an error."""
    spoken = locale.lower().replace("_", "-").partition("-")[0]
    spoken = spoken if spoken in LOCALES else "en"
    plain = ENVIRONMENT.get_template(f"{spoken}/{name}.txt").render(fields)
    first, _, text = plain.partition("\n")
    subject = first.removeprefix("Subject:").strip()
    html = ENVIRONMENT.get_template(f"{spoken}/{name}.html").render({**fields, "subject": subject, "locale": spoken})
    return Rendered(spoken, subject, text.strip() + "\n", html)


def day(moment: datetime, locale: str) -> str:
    """`14 January 2026`, in UTC."""
    return f"{moment.day} {MONTHS[locale][moment.month - 1]} {moment.year}"


def clock(moment: datetime) -> str:
    """`09:30 UTC`."""
    return f"{moment:%H:%M} UTC"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"], default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["day"] = day
    made.filters["clock"] = clock
    return made


ENVIRONMENT = _environment()
