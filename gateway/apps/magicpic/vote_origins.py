"""Where a vote or an entry comes from, as far as battle needs to know: whether two come from the same place."""

from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_network

from starlette.types import Scope

from gateway.limits import UNKNOWN_ADDRESS, Addresses
from gateway.routing import header

DEVICE_HEADER = b"x-device-id"
MAX_DEVICE_BYTES = 200
OWN_NETWORKS = tuple(
    ip_network(own)
    for own in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::/64", "fc00::/7", "fe80::/10"),
    )
)
"""Of the host and of networks behind a router: `::/64` is what `household` makes of `::1`."""


class VoteOrigins:
    """Salted hashes. What battle keeps of them it hashes again, in each battle and for each person otherwise.

    `secret` is one that all gateways share; what is made of it cannot be led back to it.
    """

    def __init__(self, secret: str, addresses: Addresses) -> None:
        self._salt = blake2b(secret.encode(), digest_size=32, person=b"vote origins").digest()
        self._addresses = addresses

    def of(self, scope: Scope) -> tuple[int, int]:
        """The device, as the client names it in `X-Device-ID`, and the address; 0 where that is not known."""
        device = (header(scope, DEVICE_HEADER) or b"")[:MAX_DEVICE_BYTES].strip()
        address = self._addresses.of(scope)
        return (
            self._hashed(b"device", device) if device else 0,
            self._hashed(b"address", address.encode()) if _tells_people_apart(address) else 0,
        )

    def _hashed(self, kind: bytes, what: bytes) -> int:
        """As PostgreSQL keeps integers: 64 bits, signed."""
        digest = blake2b(b"%s:%s" % (kind, what), digest_size=8, key=self._salt).digest()
        return int.from_bytes(digest, signed=True) or 1


@lru_cache(maxsize=10_000)
def _tells_people_apart(address: str) -> bool:
    """Not where a request comes from our own side of the router: there everyone is the proxy, or the developer."""
    if address == UNKNOWN_ADDRESS:
        return False
    return not any(ip_network(address).network_address in own for own in OWN_NETWORKS)
