"""A stand-in for Firebase Cloud Messaging and Google's token endpoint, over real HTTP, with their errors.

Shapes: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode.
"""

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.http import Asked, FakeHttp, Told

PROJECT = "magicpic-test"
AUDIENCE = "https://oauth2.googleapis.com/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def fcm_error(status: int, code: str = "", *, field_at_fault: str = "", retry_after: str = "") -> Told:
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    if field_at_fault:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field_at_fault, "description": "Invalid"}]})
    # As the real one does, it quotes what it was given.
    body = {"error": {"code": status, "message": "no good: token secret-token", "status": code, "details": details}}
    return Told(body, status, headers={"Retry-After": retry_after} if retry_after else {})


UNREGISTERED = fcm_error(404, "UNREGISTERED")
BAD_TOKEN = fcm_error(400, "INVALID_ARGUMENT", field_at_fault="message.token")
BAD_PAYLOAD = fcm_error(400, "INVALID_ARGUMENT", field_at_fault="message.data[0].value")
SENDER_ID_MISMATCH = fcm_error(403, "SENDER_ID_MISMATCH")
NO_APNS_KEY = fcm_error(401, "THIRD_PARTY_AUTH_ERROR")
NO_RIGHTS = fcm_error(403, "")
NO_PROJECT = fcm_error(404, "")
QUOTA = fcm_error(429, "QUOTA_EXCEEDED", retry_after="1")
INTERNAL = fcm_error(500, "INTERNAL")
UNAVAILABLE = fcm_error(503, "UNAVAILABLE", retry_after="1")


@cache
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def account_key(token_uri: str) -> str:
    """The key of a service account, as Google gives it."""
    pem = _private_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "k1",
        "private_key": pem.decode(),
        "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
        "token_uri": token_uri,
    }
    return json.dumps(key)


@dataclass
class FakeFcm(FakeHttp):
    """`refusals`: token → what is answered for it, until it is taken away. `hold`: nothing is answered until it is set.

    `taken` are the messages that it took. `no_account`: the service account is not known (any more).
    """

    refusals: dict[str, Told] = field(default_factory=dict)
    taken: list[dict[str, Any]] = field(default_factory=list)
    no_account: bool = False
    tokens_given: int = 0
    life_s: int = 3600
    hold: asyncio.Event | None = None
    offered: int = 0

    @property
    def account(self) -> str:
        return account_key(f"{self.url}/token")

    async def _told(self, asked: Asked) -> Told | None:
        if asked.path.endswith(":send"):
            self.offered += 1
            if self.hold:
                await self.hold.wait()
        return await super()._told(asked)

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/token":
            return self._token(parse_qs(asked.body.decode()))
        if asked.path != f"/v1/projects/{PROJECT}/messages:send":
            return NO_PROJECT
        given = [f"Bearer access-{number + 1}" for number in range(self.tokens_given)]
        if asked.headers.get("authorization") not in given:
            return fcm_error(401)
        message = json.loads(asked.body)["message"]
        if refusal := self.refusals.get(message["token"]):
            return refusal
        assert all(isinstance(value, str) for value in message["data"].values()), "FCM's data are strings"
        self.taken.append(message)
        return Told({"name": f"projects/{PROJECT}/messages/{len(self.taken)}"})

    def _token(self, form: dict[str, list[str]]) -> Told:
        claims = jwt.decode(form["assertion"][0], _private_key().public_key(), ["RS256"], audience=AUDIENCE)
        assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        if self.no_account:
            return Told({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}, 400)
        self.tokens_given += 1
        return Told({"access_token": f"access-{self.tokens_given}", "expires_in": self.life_s, "token_type": "Bearer"})
