"""Notify and its relay prove to each other who they are, or no mail goes."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contracts.events.auth import EmailVerified
from tests.fakes.smtp import FakeRelay
from tests.integration.ledger.conftest import Voice
from tests.integration.notify.conftest import MakeNotify
from tests.integration.notify.looking import arrived, mails
from tests.waiting import until

SIGNED_IN = {"smtp_tls": "starttls", "smtp_user": "magicpic", "smtp_password": "right"}


@pytest.fixture
def certificate(relay: FakeRelay, tmp_path: Path) -> Path:
    """The relay gets a certificate for 127.0.0.1, and asks for a password. Nobody trusts it yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path, key_path = tmp_path / "relay.pem", tmp_path / "relay.key"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    relay.tls, relay.password = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), "right"
    relay.tls.load_cert_chain(path, key_path)
    return path


async def tries(relay: FakeRelay, count: int) -> None:
    async def connections() -> int:
        return relay.connections

    await until(connections, lambda found: found >= count)


async def test_it_signs_in_over_tls(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    await make_notify(**SIGNED_IN)
    await voice.say(EmailVerified(user_id=7))
    await arrived(relay, 1)


async def test_a_password_that_is_refused_is_our_fault_and_loses_no_mail(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 535 is for good as far as SMTP goes; but an operator can mend it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    relay.password = "another"
    notify = await make_notify(**SIGNED_IN)
    await voice.say(EmailVerified(user_id=7))
    await tries(relay, 2)
    assert await mails(notify) == {}
    relay.password = "right"
    await arrived(relay, 1)


@pytest.mark.usefixtures("certificate")
async def test_a_relay_that_nobody_vouches_for_gets_neither_password_nor_mail(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    await make_notify(**SIGNED_IN)
    await voice.say(EmailVerified(user_id=7))
    await tries(relay, 3)
    assert (relay.offered, relay.messages) == (0, [])


async def test_a_relay_without_tls_does_not_get_mail_in_the_open(
    make_notify: MakeNotify, relay: FakeRelay, voice: Voice
) -> None:
    """As if somebody in between had taken STARTTLS out of its greeting."""
    await make_notify(smtp_tls="starttls")
    await voice.say(EmailVerified(user_id=7))
    await tries(relay, 3)
    assert (relay.offered, relay.messages) == (0, [])
