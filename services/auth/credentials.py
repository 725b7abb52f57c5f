"""What may be a name, an address, a phone and a password; and when two addresses are the same."""

import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from contracts.errors import ServiceError
from services.auth.common_passwords import is_common, is_own

SHORTEST_NAME, LONGEST_NAME = 2, 50
LONGEST_EMAIL = 254
"""RFC 5321 §4.5.3.1.3, less the angle brackets."""
NAMELESS = "New artist"
"""Who has given no name that can be shown."""
LONGEST_PHONE = 32
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 256
# Format characters as such are allowed: several scripts and emoji are written with joiners. Those that turn the
# direction of the text around could make one name look like another.
CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
DIRECTION_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class InvalidName(ServiceError):
    def __init__(self, fault: str) -> None:
        super().__init__("VALIDATION_ERROR", fault, {"name": fault})


class InvalidEmail(ServiceError):
    def __init__(self, fault: str) -> None:
        super().__init__("INVALID_EMAIL", "Please enter a valid email address.", {"email": fault})


class InvalidPhone(ServiceError):
    def __init__(self) -> None:
        message = "Please enter a phone number with its country code, like +919876543210."
        super().__init__("VALIDATION_ERROR", message, {"phone": message})


class WeakPassword(ServiceError):
    def __init__(self, fault: str) -> None:
        super().__init__("WEAK_PASSWORD", fault, {"password": fault})


def checked_name(text: str) -> str:
    """The name without space around it. Errors: VALIDATION_ERROR."""
    name = text.strip()
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise InvalidName(f"A name has {SHORTEST_NAME} to {LONGEST_NAME} characters.")
    if any(map(_controls, name)):
        raise InvalidName("A name cannot have control characters.")
    return name


def usable_name(text: str | None) -> str:
    """What another house calls the person, made to fit; a neutral word where nothing of it is left."""
    shown = "".join(character for character in (text or "")[: 2 * LONGEST_NAME] if not _controls(character))
    name = shown.strip()[:LONGEST_NAME].strip()
    return name if len(name) >= SHORTEST_NAME else NAMELESS


def _controls(character: str) -> bool:
    return (
        unicodedata.category(character) in CONTROL_CATEGORIES
        or unicodedata.bidirectional(character) in DIRECTION_CONTROLS
    )


def checked_email(text: str) -> str:
    """The address as given, without space around it. No DNS is asked. Errors: INVALID_EMAIL."""
    email = text.strip()
    if len(email) > LONGEST_EMAIL:
        raise InvalidEmail(f"An email address has at most {LONGEST_EMAIL} characters.")
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise InvalidEmail(str(error)) from None
    return email


def checked_phone(text: str) -> str:
    """The number in E.164 (`+919876543210`). It must come with its country code. Errors: VALIDATION_ERROR."""
    if len(text) > LONGEST_PHONE:
        raise InvalidPhone
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise InvalidPhone from None
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def folded(email: str) -> str:
    """An address as it is compared: `Ana@Example.com` and `ana@example.com` are one, in whatever Unicode form.

    Any text can be given. What is too long for an address is cut, since Unicode's normal forms cost more than linear
    time; NUL, which no valid address has and PostgreSQL cannot take, becomes U+FFFD.
    """
    short = email.strip()[: LONGEST_EMAIL + 1].replace("\0", "\ufffd")
    return unicodedata.normalize("NFC", short).casefold()


def checked_password(password: str, *own: str) -> str:
    """`own`: the person's address and name, which are nobody's secret. Errors: WEAK_PASSWORD."""
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(f"A password has at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise WeakPassword(f"A password has at most {LONGEST_PASSWORD} characters.")
    if not any(character.isupper() for character in password):
        raise WeakPassword("A password needs at least one upper case letter.")
    if not any(character.isdecimal() for character in password):
        raise WeakPassword("A password needs at least one number.")
    if is_common(password):
        raise WeakPassword("This password is one of the first that are tried. Please choose another.")
    if is_own(password, own):
        raise WeakPassword("A password must not be your own address or name.")
    return password
