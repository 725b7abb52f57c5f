"""Every mail in every language; and nobody's name gets further than its place."""

from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import jinja2
import pytest

from services.notify.composing import LONGEST_NAME, BadAddress, Message, Person, Sender, clean_name, compose
from services.notify.templates import FOLDER, LOCALES, NAMES, render
from tests.fakes.smtp import text_of

MOMENT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
URL = "https://magicpic.example/verify-email?token=abc&x=1"
CODES = {"verify_email", "sign_in", "reset_password", "delete_account"}
FIELDS: dict[str, object] = {
    "code": "482913",
    "url": URL,
    "minutes": 17,
    "how": "changed",
    "until": MOMENT,
    "due_at": MOMENT,
}
SENDER = Sender("no-reply@magicpic.example", "MagicPic")
JANE = Person("jane@example.com", "Jane Doe", "en", 7)


def composed(person: Person, template: str = "verify_email") -> Message:
    return compose(SENDER, person, template, FIELDS, mail_id="ab" * 16, now=MOMENT)


def parsed(message: Message) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(message.content)


def test_every_template_is_there_in_every_language_and_no_other() -> None:
    for locale in LOCALES:
        found = {path.name for path in (FOLDER / locale).iterdir()}
        assert found == {f"{name}.{kind}" for name in (*NAMES, "base") for kind in ("txt", "html")}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", NAMES)
def test_a_mail_says_what_it_is_for(name: str, locale: str) -> None:
    rendered = render(name, locale, {**FIELDS, "name": "Jane <script>alert(1)</script> & Co"})
    assert rendered.subject
    assert "\n" not in rendered.subject
    assert "{" not in rendered.subject + rendered.text + rendered.html.replace("{}", "")
    assert URL in rendered.text
    assert URL.replace("&", "&amp;") in rendered.html
    assert "Jane <script>alert(1)</script> & Co" in rendered.text
    assert "Jane &lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in rendered.html
    assert "<script" not in rendered.html
    assert f'<html lang="{locale}">' in rendered.html
    if name in CODES:
        for part in (rendered.subject, rendered.text, rendered.html):
            assert "482913" in part
        assert "17" in rendered.text
        assert "17" in rendered.html


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_is_missing_is_an_error_and_not_a_gap(name: str) -> None:
    with pytest.raises((jinja2.UndefinedError, TypeError)):
        render(name, "en", {"name": "Jane"})


@pytest.mark.parametrize(("locale", "day"), [("en", "4 March 2026"), ("hi", "4 मार्च 2026")])
def test_the_day_of_a_deletion_is_named(locale: str, day: str) -> None:
    rendered = render("deletion_requested", locale, {**FIELDS, "name": ""})
    for part in (rendered.subject, rendered.text, rendered.html):
        assert day in part
    assert "09:30 UTC" in rendered.text


@pytest.mark.parametrize("how", ["changed", "reset", "set"])
def test_how_a_password_came_to_change_is_told(how: str) -> None:
    texts = {render("password_changed", "en", {**FIELDS, "how": each, "name": ""}).text for each in ("changed", how)}
    assert len(texts) == (1 if how == "changed" else 2)


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [("en", "en"), ("hi", "hi"), ("hi-IN", "hi"), ("HI_in", "hi"), ("fr", "en"), ("", "en"), ("../x", "en")],
)
def test_a_language_that_we_do_not_speak_becomes_english(locale: str, spoken: str) -> None:
    assert render("welcome", locale, {**FIELDS, "name": ""}).locale == spoken


def test_the_headers_are_those_of_a_machine_and_the_id_follows_from_the_event() -> None:
    message = parsed(composed(JANE))
    assert message["From"] == "MagicPic <no-reply@magicpic.example>"
    assert message["To"] == "Jane Doe <jane@example.com>"
    assert message["Subject"] == "482913 is your MagicPic code to verify your address"
    assert message["Message-ID"] == f"<{'ab' * 16}@magicpic.example>"
    assert message["Date"].datetime == MOMENT
    assert (message["Auto-Submitted"], message["X-MagicPic-User"]) == ("auto-generated", "7")
    assert message["Content-Language"] == "en"
    assert URL in text_of(message)
    assert "482913" in text_of(message, "html")


def test_on_the_wire_everything_is_ascii_and_no_line_too_long() -> None:
    content = composed(Person("jane@example.com", "आरव शर्मा", "hi", None)).content
    content.decode("ascii")
    assert max(map(len, content.splitlines())) <= 998
    message = parsed(composed(Person("jane@example.com", "आरव शर्मा", "hi", None)))
    assert message["To"].addresses[0].display_name == "आरव शर्मा"
    assert message["X-MagicPic-User"] is None


INJECTIONS = [
    "Jane\r\nBcc: everyone@example.com",
    "Jane\nSubject: You have won",
    "Jane\r\n\r\n<html>",
    "Jane\x00\x0b\x85\u2028Bcc: x@y.zz",
    '"><a@b.cc>, "',
    "=?utf-8?q?=0D=0ABcc:_x@y.zz?=",
    "x" * 10_000,
    "\ud800",
    "",
    "   ",
]


@pytest.mark.parametrize("name", INJECTIONS)
def test_no_name_becomes_a_header_or_another_recipient(name: str) -> None:
    whole = composed(Person("jane@example.com", name, "en", 7))
    message = parsed(whole)
    plain = parsed(composed(JANE))
    assert message.keys() == plain.keys()
    assert message["Subject"] == plain["Subject"]
    assert [address.addr_spec for address in message["To"].addresses] == ["jane@example.com"]
    assert message.get_content_type() == "multipart/alternative"
    assert whole.recipient == "jane@example.com"


@pytest.mark.parametrize("name", ["Win at http://evil.example", "www.evil.example", "evil.com now", "a@b", "//x"])
def test_a_name_that_could_be_an_advertisement_is_not_greeted(name: str) -> None:
    message = parsed(composed(Person("victim@example.com", name, "en", 7)))
    assert text_of(message).startswith("Hello,")
    assert "evil" not in message.as_string()


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Jane Doe", "Jane Doe"),
        (" Jane \t\n Doe ", "Jane Doe"),
        ("Dr. J. R. Tolkien", "Dr. J. R. Tolkien"),
        ("\u202eenaJ", "enaJ"),
        ("क्‍ष", "क्‍ष"),
        ("x" * 100, "x" * LONGEST_NAME),
    ],
)
def test_a_name_is_greeted_on_one_line(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    ("address", "recipient", "international"),
    [
        ("jane@example.com", "jane@example.com", False),
        ("jane@exämple.de", "jane@xn--exmple-cua.de", False),
        ("jané@exämple.de", "jané@exämple.de", True),
    ],
)
def test_only_a_name_before_the_at_needs_smtputf8(address: str, recipient: str, international: bool) -> None:
    message = composed(Person(address, "Jané", "en", 7))
    assert (message.recipient, message.needs_smtputf8) == (recipient, international)
    assert parsed(message)["Message-ID"] == f"<{'ab' * 16}@magicpic.example>"


@pytest.mark.parametrize("address", ["", "jane", "jane@", "@example.com", "a@b\r\nRCPT TO:<x@y.zz>", "a b@example.com"])
def test_what_is_no_address_is_not_written_to(address: str) -> None:
    with pytest.raises(BadAddress):
        composed(Person(address, "Jane", "en", 7))
