"""A stand-in for AdMob: a server of public keys, and callbacks signed as Google signs them."""

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.http import Asked, FakeHttp, Told

AD_UNIT = "ca-app-pub-3940256099942544/2747237135"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class FakeAdmob(FakeHttp):
    """`keys`: those that the server knows; the callbacks are signed with `key_id`'s."""

    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=lambda: {"3335741209": new_key()})
    key_id: str = "3335741209"
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, _: Asked) -> Told:
        return Told({"keys": [_published(key_id, key) for key_id, key in self.keys.items()]})

    def callback(self, token: str | None, *, user_id: Any = None, signing: Any = None, **changes: Any) -> str:
        """The query string of a call: parameters in alphabetical order, signature and key at the end."""
        told = {
            "ad_network": "5450213213286189855",
            "ad_unit": AD_UNIT.rpartition("/")[2],
            "custom_data": token,
            "reward_amount": "50",
            "reward_item": "credits",
            "timestamp": "1767268800000",
            "transaction_id": f"{next(self.numbers):032x}",
            "user_id": user_id,
        } | changes
        query = "&".join(f"{name}={quote(str(told[name]), safe='')}" for name in sorted(told) if told[name] is not None)
        key = signing or self.keys[self.key_id]
        signature = base64.urlsafe_b64encode(key.sign(query.encode(), ec.ECDSA(hashes.SHA256()))).decode().rstrip("=")
        return f"{query}&signature={signature}&key_id={self.key_id}"


def _published(key_id: str, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"keyId": int(key_id), "pem": pem, "base64": base64.b64encode(der).decode()}
