"""A stand-in for Google's accounts over real HTTP: it serves its certificates as it is told to, and signs ID tokens."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CLIENT_ID = "magicpic.apps.googleusercontent.com"
KEY_ID = "key-1"


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake google")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    )
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def _key() -> rsa.RSAPrivateKey:
    """One for all: it takes 60 ms to make."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class FakeGoogle:
    """`status`, `body`, `cache_control` and `hang` change what is answered; `asked` counts the questions."""

    status: int = 200
    body: bytes | None = None
    cache_control: str = "public, max-age=3600"
    hang: bool = False
    asked: int = 0
    key: rsa.RSAPrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        self._certificates = json.dumps({KEY_ID: certificate(self.key)}).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/oauth2/v1/certs"

    def token(self, **changes: Any) -> str:
        return jwt.encode(self.claims(**changes), self.key, "RS256", headers={"kid": KEY_ID})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Of a good token; what is changed to None is left out."""
        now = int(time.time())
        usual = {
            "iss": "https://accounts.google.com",
            "aud": CLIENT_ID,
            "sub": "1098765",
            "email": "ana@example.com",
            "email_verified": True,
            "name": "Ana María",
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._stopped = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.hang:
                await self._stopped.wait()
            body = self._certificates if self.body is None else self.body
            head = (
                f"HTTP/1.1 {self.status} Told\r\nContent-Length: {len(body)}\r\n"
                f"Cache-Control: {self.cache_control}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()
