"""From an event of auth to a mail at the relay: what is sent, to whom, and what is not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from contracts.envelope import Event
from contracts.events.auth import (
    AccountDeleted,
    AccountLocked,
    CodeIssued,
    DeletionCancelled,
    DeletionRequested,
    EmailVerified,
    ExportReady,
    PasswordChanged,
    SessionRevoked,
    UserSignedUp,
)
from contracts.subjects import event_subject
from kernel.projection import rebuild
from kernel.service import Service
from services.notify import projections, tables
from services.notify.app import CODEC
from tests.fakes.smtp import FakeRelay, text_of
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import JANE, Auth, MakeNotify, letter
from tests.integration.notify.looking import arrived, mails, settled
from tests.waiting import until

SOON = "2026-03-04T09:30:00.000Z"
CODE = CodeIssued(code_id="c1", purpose="verify_email")


async def test_a_code_reaches_whom_it_is_for(notify: Service, relay: FakeRelay, voice: Voice) -> None:
    said = await voice.say(CODE)
    [message] = await arrived(relay, 1)
    assert relay.recipients == ["jane@example.com"]
    assert message["To"] == "Jane Doe <jane@example.com>"
    assert message["Message-ID"] == f"<{said.id.hex}@magicpic.example>"
    assert message["X-MagicPic-User"] == "7"
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        assert "482913" in text
        assert "https://magicpic.example/verify-email?token=tok-en_482913" in text
        assert "Jane Doe" in text
    await settled(notify, {said.id.hex: "sent"})


@pytest.mark.parametrize(
    ("purpose", "page"),
    [("sign_in", "sign-in"), ("reset_password", "reset-password"), ("delete_account", "delete-account")],
)
@pytest.mark.usefixtures("notify")
async def test_each_purpose_has_its_words_and_its_page(
    relay: FakeRelay, voice: Voice, auth: Auth, purpose: str, page: str
) -> None:
    auth.letters["c1"] = letter(purpose=purpose, locale="hi", user_id=None)
    await voice.say(CodeIssued(code_id="c1", purpose=purpose))
    [message] = await arrived(relay, 1)
    assert f"/{page}?token=" in text_of(message)
    assert "नमस्ते" in text_of(message)
    assert "X-MagicPic-User" not in message


NOTICES: dict[str, tuple[Event, str]] = {
    "welcome": (EmailVerified(user_id=7), "Welcome to MagicPic"),
    "password": (PasswordChanged(user_id=7, how="reset"), "Your MagicPic password was changed"),
    "lock": (AccountLocked(user_id=7, until=SOON), "Too many wrong passwords at MagicPic"),
    "theft": (
        SessionRevoked(user_id=7, session_id="s", reason="theft"),
        "Somebody else may have used your MagicPic account",
    ),
    "export": (ExportReady(user_id=7), "Your MagicPic data is ready"),
    "deletion": (
        DeletionRequested(user_id=7, due_at=SOON),
        "Your MagicPic account will be deleted on 4 March 2026",
    ),
    "cancelled": (DeletionCancelled(user_id=7), "Your MagicPic account stays"),
}


@pytest.mark.usefixtures("notify")
async def test_people_are_told_what_has_happened_to_their_account(relay: FakeRelay, voice: Voice) -> None:
    for event, _ in NOTICES.values():
        await voice.say(event)
    messages = await arrived(relay, len(NOTICES))
    assert {message["Subject"] for message in messages} == {subject for _, subject in NOTICES.values()}
    assert {message["To"] for message in messages} == {"Jane Doe <jane@example.com>"}


async def test_what_is_no_news_to_anyone_is_not_mailed(
    notify: Service, relay: FakeRelay, voice: Voice, auth: Auth
) -> None:
    """Ends by its owner's hand; guests; codes that are used or too old; purposes of a newer auth; deleted accounts."""
    for reason in ("signed_out", "password", "admin", "deleted"):
        await voice.say(SessionRevoked(user_id=7, session_id="s", reason=reason))
    await voice.say(UserSignedUp(user_id=7))
    await voice.say(AccountDeleted(user_id=7))
    await voice.say(CodeIssued(code_id="gone", purpose="verify_email"))
    await voice.say(CodeIssued(code_id="c1", purpose="tea_time"))
    await voice.say(EmailVerified(user_id=404))
    last = await voice.say(EmailVerified(user_id=7))
    await settled(notify, {last.id.hex: "sent"})
    await until(lambda: _asked(auth), lambda asked: asked == 3)
    assert len(relay.messages) == 1


async def _asked(auth: Auth) -> int:
    return auth.asked


async def test_what_happened_long_ago_is_not_news(notify: Service, relay: FakeRelay, voice: Voice) -> None:
    """A notify that is new to an old stream must not write to everybody."""
    fresh = await voice.say(EmailVerified(user_id=7))
    long_ago = fresh.model_copy(
        update={"id": fresh.id.__class__(int=1), "time": datetime.now(UTC) - timedelta(hours=73)}
    )
    await voice.say(EmailVerified(user_id=7), again=long_ago)
    last = await voice.say(CODE)
    await settled(notify, {fresh.id.hex: "sent", last.id.hex: "sent"})
    assert len(relay.messages) == 2


async def test_an_international_address_is_written_to_where_the_relay_can(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice, auth: Auth
) -> None:
    notify = await make_notify()
    auth.people[8] = JANE.model_copy(update={"to": "jané@exämple.de", "name": "Jané"})
    auth.people[9] = JANE.model_copy(update={"to": "jane@exämple.de"})
    await voice.say(EmailVerified(user_id=8))
    await arrived(relay, 1)
    assert relay.recipients == ["jané@exämple.de"]
    relay.smtputf8 = False
    refused = await voice.say(EmailVerified(user_id=8))
    await voice.say(EmailVerified(user_id=9))
    await arrived(relay, 2)
    assert relay.recipients[1:] == ["jane@xn--exmple-cua.de"]
    await until(lambda: mails(notify), lambda found: found.get(refused.id.hex) == ("refused", 550))


async def test_a_name_made_for_injection_stays_a_name(
    notify: Service, relay: FakeRelay, voice: Voice, auth: Auth
) -> None:
    auth.people[7] = JANE.model_copy(update={"name": "Jane\r\nBcc: everyone@example.com\r\n\r\n<script>x</script>"})
    auth.people[8] = JANE.model_copy(update={"to": "jane@example.com>\r\nRCPT TO:<x@y.zz"})
    bad = await voice.say(EmailVerified(user_id=8))
    await voice.say(EmailVerified(user_id=7))
    [message] = await arrived(relay, 1)
    assert relay.recipients == ["jane@example.com"]
    assert message["Bcc"] is None
    assert "<script" not in text_of(message, "html")
    await until(lambda: mails(notify), lambda found: found.get(bad.id.hex) == ("refused", 553))


async def test_nothing_of_a_person_stays_behind(
    notify: Service,
    relay: FakeRelay,
    voice: Voice,
    auth: Auth,
    owner_of: Callable[[str], Awaitable[asyncpg.Connection]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No address, name or code in a table, a stream or a log; also when the relay quotes them in its refusal."""
    auth.letters["c2"] = letter(code="777001", token="tok-en_777001")
    said = await voice.say(CODE)
    await arrived(relay, 1)
    relay.at_rcpt = "451 4.2.0 <jane@example.com> Jane Doe later"
    later = await voice.say(CodeIssued(code_id="c2", purpose="verify_email"))
    await until(lambda: _asked(auth), lambda asked: asked >= 3)
    relay.at_rcpt = "550 5.1.1 <jane@example.com> Jane Doe unknown"
    await settled(notify, {said.id.hex: "sent", later.id.hex: "refused"})
    owner = await owner_of(notify.database.url)
    tables_ = [row[0] for row in await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    assert {"events", "streams", "mails", "command_keys", "timers"} <= set(tables_)
    rows = [row for name in tables_ for row in await owner.fetch(f'SELECT t::text FROM "{name}" t')]  # noqa: S608
    kept = "\n".join(map(str, rows)) + capsys.readouterr().out
    assert said.id.hex in kept
    for secret in ("jane", "Jane", "example.com", "482913", "777001", "tok-en"):
        assert secret not in kept, secret


async def test_the_table_can_be_rebuilt(
    notify: Service, voice: Voice, relay: FakeRelay, owner_of: Callable[[str], Awaitable[asyncpg.Connection]]
) -> None:
    relay.at_data = "451 later"
    first = await voice.say(CODE)
    await until(lambda: mails(notify), lambda found: found.get(first.id.hex) == ("open", 451))
    relay.at_data = ""
    await settled(notify, {first.id.hex: "sent"})
    found = await rebuild(await owner_of(notify.database.url), CODEC, tables.metadata, projections.project, swap=False)
    [difference] = [each for each in found if each.table == "mails"]
    assert (difference.rows, difference.only_live, difference.only_rebuilt) == (1, 0, 0)


async def test_whoever_leaves_takes_their_mail_files_along(
    make_notify: MakeNotify, voice: Voice, tmp_path: Path
) -> None:
    await make_notify(mail_sink_dir=str(tmp_path))
    letters = {"a": ("7", "jane"), "b": ("77", "ben"), "c": ("7", "jane"), "d": ("", "eva"), "e": ("", "Jane")}
    for name, (header, to) in letters.items():
        own = f"X-MagicPic-User: {header}\n" if header else ""
        (tmp_path / f"{name}.eml").write_text(f"To: {to}@example.com\n{own}\nX-MagicPic-User: 7\n")
    said = await voice.say(AccountDeleted(user_id=7))

    async def left() -> set[str]:
        return {path.name for path in tmp_path.iterdir()}

    await until(left, lambda names: names == {"b.eml", "d.eml"})
    await voice.say(AccountDeleted(user_id=7), again=said)
    await voice.client.publish(event_subject("auth.account_deleted"), b"")  # the stream takes anything; nobody may die
    await voice.say(AccountDeleted(user_id=77))
    await until(left, lambda names: names == {"d.eml"})
