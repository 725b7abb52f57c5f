"""A mail is sent once: whatever comes twice, breaks off, or is killed."""

import asyncio
from datetime import timedelta

import pytest
from nats.aio.client import Client
from prometheus_client import REGISTRY

from contracts.events.auth import CodeIssued, EmailVerified
from kernel import bus as kernel_bus
from kernel.dead_letters import DeadLetters
from kernel.service import Service
from services.notify import mailer
from tests.fakes.smtp import FakeRelay
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import Auth, MakeNotify
from tests.integration.notify.looking import arrived, mails, settled, stays
from tests.waiting import until

CODE = CodeIssued(code_id="c1", purpose="verify_email")


@pytest.fixture
def impatient_broker(monkeypatch: pytest.MonkeyPatch) -> float:
    """For services made afterwards: after how many seconds it delivers again what was not acknowledged."""
    monkeypatch.setattr(kernel_bus, "ACK_WAIT_S", 1.5)
    return kernel_bus.ACK_WAIT_S


def counted(template: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("mails_total", {"template": template, "outcome": outcome}) or 0


async def test_an_event_that_comes_often_to_two_processes_is_one_mail(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    first, _second = await make_notify(), await make_notify()
    before = counted("verify_email", "sent")
    relay.hold = asyncio.Event()
    said = await voice.say(CODE)
    for _ in range(5):
        await voice.say(CODE, again=said)
    await asyncio.sleep(1)
    relay.hold.set()
    await settled(first, {said.id.hex: "sent"})
    for _ in range(3):
        await voice.say(CODE, again=said)
    await stays(relay, 1, 1.5)
    assert relay.offered == 1
    assert counted("verify_email", "sent") - before == 1


async def test_who_has_offered_it_but_comes_after_another_does_not_send_it(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    """Both processes have found it open, and both have a relay that would take it."""
    first, _second = await make_notify(), await make_notify()
    fast, slow = asyncio.Event(), asyncio.Event()
    relay.gates = [fast, slow]
    said = await voice.say(CODE)

    async def at_the_gates() -> int:
        await voice.say(CODE, again=said)  # until the other process gets one
        return 2 - len(relay.gates)

    await until(at_the_gates, lambda found: found == 2)
    fast.set()
    await settled(first, {said.id.hex: "sent"})
    slow.set()
    await stays(relay, 1, 2)
    assert relay.offered == 1


async def test_many_events_are_as_many_mails_over_few_connections_at_once(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    notify = await make_notify(smtp_connections=2)
    said = [await voice.say(EmailVerified(user_id=7)) for _ in range(30)]
    await arrived(relay, 30)
    assert len({message["Message-ID"] for message in relay.messages}) == 30
    await settled(notify, {each.id.hex: "sent" for each in said})


async def test_a_relay_that_is_away_is_waited_for_and_costs_no_event(
    notify: Service, relay: FakeRelay, voice: Voice, auth: Auth
) -> None:
    await relay.stop()
    said = await voice.say(CODE)
    await until(lambda: _value(auth.asked), lambda asked: asked >= 3)
    assert await mails(notify) == {}
    relay.too_busy = True
    await relay.start()
    await until(lambda: _value(relay.connections), lambda connections: connections >= 1)
    assert await mails(notify) == {}
    relay.too_busy = False
    await arrived(relay, 1)
    await settled(notify, {said.id.hex: "sent"})


async def _value(value: int) -> int:
    return value


@pytest.mark.parametrize("when", ["at_mail", "at_rcpt", "at_data"])
async def test_what_is_put_off_is_tried_again(notify: Service, relay: FakeRelay, voice: Voice, when: str) -> None:
    setattr(relay, when, "451 4.3.0 not now")
    said = await voice.say(CODE)

    async def tries() -> int:
        return relay.connections

    await until(tries, lambda found: found >= 3)
    assert relay.messages == []
    setattr(relay, when, "")
    await settled(notify, {said.id.hex: "sent"})
    await stays(relay, 1, 1)


@pytest.mark.parametrize("when", ["at_rcpt", "at_data"])
async def test_what_is_refused_for_good_is_not_tried_again(
    notify: Service, relay: FakeRelay, voice: Voice, when: str
) -> None:
    setattr(relay, when, "550 5.1.1 nobody here")
    said = await voice.say(CODE)
    await until(lambda: mails(notify), lambda found: found == {said.id.hex: ("refused", 550)})
    setattr(relay, when, "")
    await voice.say(CODE, again=said)
    await stays(relay, 0, 1.5)
    assert relay.connections == 1


async def test_a_code_that_expires_meanwhile_is_not_sent(
    notify: Service, relay: FakeRelay, voice: Voice, auth: Auth
) -> None:
    relay.at_rcpt = "451 not now"
    await voice.say(CODE)

    async def asked() -> int:
        return auth.asked

    await until(asked, lambda times: times >= 2)
    auth.letters.clear()
    # A try that had its letter before may still be under way: the one after it comes with nothing.
    before = auth.asked
    await until(asked, lambda times: times > before)
    relay.at_rcpt = ""
    await stays(relay, 0, 3)
    assert await mails(notify) == {}


async def test_when_the_line_breaks_before_the_answer_it_is_unknown_and_not_sent_again(
    notify: Service, relay: FakeRelay, voice: Voice
) -> None:
    before = counted("verify_email", "unknown")
    relay.break_off = True
    said = await voice.say(CODE)
    await settled(notify, {said.id.hex: "unknown"})
    relay.break_off = False
    await voice.say(CODE, again=said)
    await stays(relay, 0, 1.5)
    assert relay.offered == 1
    assert counted("verify_email", "unknown") - before == 1


async def test_an_answer_that_never_comes_is_unknown(make_notify: MakeNotify, relay: FakeRelay, voice: Voice) -> None:
    notify = await make_notify(smtp_timeout_s=0.5)
    relay.hold = asyncio.Event()
    said = await voice.say(CODE)
    await settled(notify, {said.id.hex: "unknown"})
    relay.hold.set()
    assert relay.offered == 1


async def test_a_slow_relay_is_not_given_it_twice(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice, impatient_broker: float
) -> None:
    """Slower than the broker waits for an acknowledgement, so the event is delivered again meanwhile."""
    notify = await make_notify()
    relay.hold = asyncio.Event()
    said = await voice.say(CODE)
    await asyncio.sleep(impatient_broker * 2)
    relay.hold.set()
    await settled(notify, {said.id.hex: "sent"})
    await stays(relay, 1, 1)
    assert relay.offered == 1


@pytest.mark.usefixtures("impatient_broker")
async def test_a_process_that_dies_with_a_mail_in_hand_leaves_it_unknown_to_the_next(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer, "CLAIM_MARGIN_S", 1.0)
    doomed = await make_notify(smtp_timeout_s=3)
    relay.hold = asyncio.Event()
    said = await voice.say(CODE)
    await until(lambda: _offered(relay), lambda offered: offered == 1)
    await die(doomed)
    relay.hold = None
    survivor = await make_notify(smtp_timeout_s=3)
    await settled(survivor, {said.id.hex: "claimed"})
    await settled(survivor, {said.id.hex: "unknown"}, timeout_s=60)
    await stays(relay, 0, 1)
    assert relay.offered == 1


@pytest.mark.usefixtures("impatient_broker")
async def test_a_process_that_dies_before_its_claim_leaves_the_mail_to_the_next(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    relay.at_rcpt = "451 not now"
    doomed = await make_notify()
    said = await voice.say(CODE)

    async def tries() -> int:
        return relay.connections

    await until(tries, lambda found: found >= 1)
    await die(doomed)
    relay.at_rcpt = ""
    survivor = await make_notify()
    await settled(survivor, {said.id.hex: "sent"}, timeout_s=60)
    assert len(relay.messages) == 1


async def _offered(relay: FakeRelay) -> int:
    return relay.offered


async def die(service: Service) -> None:
    """As kill -9 would have it: what is under way just ends, and nobody is told."""
    for subscription in service.bus._subscriptions:
        await subscription.unsubscribe()
    service.bus._subscriptions.clear()
    running = list(service.bus._running)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_patience_ends_in_a_dead_letter_and_a_replay_sends_it(
    notify: Service, relay: FakeRelay, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_bus, "MAX_TRIES", 2)
    monkeypatch.setattr(mailer, "PATIENCE_NOT_NOW", timedelta(0))
    relay.at_rcpt = "451 4.2.1 <jane@example.com> is full"
    said = await voice.say(CODE)
    client: Client = voice.client
    letters = DeadLetters(client)
    [dead] = await until(letters.all, lambda found: len(found) == 1)
    assert (dead.consumer, dead.event_id) == ("notify", str(said.id))
    assert "451" in dead.reason
    assert "jane" not in dead.reason
    assert "451" in (await letters.replay(dead) or "")
    relay.at_rcpt = ""
    assert await letters.replay(dead) is None
    await settled(notify, {said.id.hex: "sent"})
    await stays(relay, 1, 0.5)


async def test_ending_sees_a_mail_through(make_notify: MakeNotify, relay: FakeRelay, voice: Voice) -> None:
    ending, other = await make_notify(), await make_notify()
    relay.hold = asyncio.Event()
    said = await voice.say(CODE)
    await until(lambda: _offered(relay), lambda offered: offered == 1)
    stopping = asyncio.gather(ending.stop(), other.stop())
    await asyncio.sleep(0.5)
    relay.hold.set()
    await stopping
    survivor = await make_notify()
    await settled(survivor, {said.id.hex: "sent"})
    assert len(relay.messages) == 1
