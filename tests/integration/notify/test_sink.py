"""Mail on one machine: notify → the sink's files → `magicpic mail`; and gone with whom it was for."""

from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import pytest
from typer.testing import CliRunner

from cli.mail import not_sent
from cli.main import app
from contracts.events.auth import AccountDeleted, CodeIssued, EmailVerified
from deploy.local.mail import MailSink
from deploy.local.mail_sink import MailFolder
from deploy.local.ports import throwaway_port
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import JANE, Auth, MakeNotify, letter
from tests.integration.notify.looking import mails
from tests.waiting import until


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    running = MailSink(tmp_path / "mail", throwaway_port())
    running.start()
    yield running
    running.stop()


def magicpic(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result.output


async def files(sink: MailSink) -> list[Path]:
    return sorted(sink.directory.glob("*.eml"))


async def send(sink: MailSink, text: bytes) -> None:
    await aiosmtplib.send(
        text,
        sender="a@example.com",
        recipients=["b@example.com"],
        hostname="127.0.0.1",
        port=sink.port,
        start_tls=False,
    )


async def test_a_flow_can_be_walked_by_hand_and_leaves_with_its_owner(
    sink: MailSink, make_notify: MakeNotify, voice: Voice, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAGICPIC_MAIL_SINK_DIR", str(sink.directory))
    monkeypatch.setenv("MAGICPIC_STATE_DIR", str(sink.directory.parent))
    monkeypatch.setenv("COLUMNS", "200")
    assert "No mail yet" in magicpic("mail")
    await make_notify(smtp_port=sink.port, mail_sink_dir=str(sink.directory))
    auth.people[8] = JANE.model_copy(update={"to": "aarav@example.com", "name": "आरव", "locale": "hi"})
    auth.letters["c2"] = letter(purpose="delete_account", code="555666", user_id=None)
    said = await voice.say(CodeIssued(code_id="c1", purpose="verify_email"))
    await until(lambda: files(sink), lambda found: len(found) == 1)
    await voice.say(EmailVerified(user_id=8))
    [_, welcome] = await until(lambda: files(sink), lambda found: len(found) == 2)
    [first, _] = await files(sink)
    assert said.id.hex in first.name
    assert first.stat().st_mode & 0o777 == 0o600
    listed = magicpic("mail")
    assert listed.index("jane@example.com") < listed.index("aarav@example.com")
    assert "482913" in listed
    assert "MagicPic में आपका स्वागत है" in listed
    shown = magicpic("mail", "2")
    assert "482913 is your MagicPic code to verify your address" in shown
    assert "https://magicpic.example/verify-email?token=tok-en_482913" in shown
    assert "there are 2" in magicpic("mail", "3", code=1)
    await voice.say(AccountDeleted(user_id=7))
    await until(lambda: files(sink), lambda found: found == [welcome])


async def test_the_sink_takes_up_where_it_was_killed(sink: MailSink) -> None:
    await send(sink, b"Message-ID: <one@x>\r\nTo: b@example.com\r\n\r\nHello\r\n")
    sink.kill()
    (sink.directory / "half.unfinished").write_text("To: b@exam")
    sink.start()
    await send(sink, b"Message-ID: <../../two@x>\r\n\r\nHello\r\n")
    assert [path.name.partition("Z-")[2] for path in await files(sink)] == ["one.eml", "two.eml"]
    assert not list(sink.directory.glob("*.unfinished"))


async def test_nobody_s_address_is_in_the_sinks_log(sink: MailSink) -> None:
    await send(sink, b"To: b@example.com\r\n\r\nHello\r\n")
    assert "example.com" not in sink.log.read_text()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path, kept=3)
    kept = [folder.keep(f"Message-ID: <m{number}@x>\n\nHello\n".encode()) for number in range(5)]
    assert folder.files() == kept[2:]


async def test_what_was_not_sent_can_be_looked_up(
    sink: MailSink, make_notify: MakeNotify, voice: Voice, auth: Auth
) -> None:
    notify = await make_notify(smtp_port=sink.port)
    auth.people[8] = JANE.model_copy(update={"to": "nobody"})
    said = await voice.say(EmailVerified(user_id=8))
    sent = await voice.say(EmailVerified(user_id=7))
    await until(lambda: mails(notify), lambda found: len(found) == 2 and found[sent.id.hex][0] == "sent")
    rows = await not_sent(notify.database.url, 10)
    assert [(row["template"], row["status"], row["reply"], row["mail_id"]) for row in rows] == [
        ("welcome", "refused", 553, said.id.hex)
    ]
