"""Where a vote comes from, as far as battle needs to know: whether two votes come from the same place."""

from hashlib import blake2b

from starlette.types import Scope

from gateway.limits import UNKNOWN_ADDRESS, Addresses
from gateway.routing import header

DEVICE_HEADER = b"x-device-id"
MAX_DEVICE_BYTES = 200


class VoteOrigins:
    """Salted hashes, others in each battle: nobody can be followed by them from one battle to the next.

    `secret` is one that all gateways share; what is made of it cannot be led back to it.
    """

    def __init__(self, secret: str, addresses: Addresses) -> None:
        self._salt = blake2b(secret.encode(), digest_size=32, person=b"vote origins").digest()
        self._addresses = addresses

    def of(self, scope: Scope, battle_id: int) -> tuple[int, int]:
        """The device, as the client names it in `X-Device-ID`, and the address; 0 where that is not known."""
        device = (header(scope, DEVICE_HEADER) or b"")[:MAX_DEVICE_BYTES].strip()
        address = self._addresses.of(scope)
        return (
            self._hashed(b"device", battle_id, device) if device else 0,
            self._hashed(b"address", battle_id, address.encode()) if address != UNKNOWN_ADDRESS else 0,
        )

    def _hashed(self, kind: bytes, battle_id: int, what: bytes) -> int:
        """As PostgreSQL keeps integers: 64 bits, signed."""
        digest = blake2b(b"%s:%d:%s" % (kind, battle_id, what), digest_size=8, key=self._salt).digest()
        return int.from_bytes(digest, signed=True) or 1
