"""Auth's part: a key, and the tokens that it signs."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class SigningKey:
    """A key of auth's, and the tokens that it signs."""

    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id = key_id
        self.private = Ed25519PrivateKey.generate()

    @property
    def jwk(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key()))
        return {**public, "kid": self.key_id, "use": "sig", "alg": "EdDSA"}

    def token(self, user_id: int = 42, *, life_s: float = 1800, **claims: Any) -> str:
        """Claims given here replace the usual ones; None leaves one out."""
        usual = {
            "iss": "magicpic",
            "aud": "magicpic",
            "sub": str(user_id),
            "use": "access",
            "sid": f"session-of-{user_id}",
            "iat": int(time.time()),
            "exp": int(time.time() + life_s),
        }
        kept = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(kept, self.private, "EdDSA", headers={"kid": self.key_id})
