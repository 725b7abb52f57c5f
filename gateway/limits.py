"""How often one may ask: counted per user, and per address where nobody has signed in.

Counting fails open: a storage that is away is logged, and nobody is refused because of it. At the start it must be
there: one that never answers is a wrong setting.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from math import ceil
from typing import Any, TypeVar

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from prometheus_client import Counter
from starlette.types import Scope

from gateway.errors import Refused
from kernel.logging import log

T = TypeVar("T")
OWN_MEMORY = "memory://"
MAX_COUNTERS = 100_000
SHARED = ("redis", "valkey")
"""Both are spoken by one driver, valkey's."""
STORAGE_TIMEOUT_S = 0.25
ASK_AGAIN_S = 1.0
"""While a storage is away one request each second waits for it; the others do not."""
COMPLAIN_AGAIN_S = 10.0
START_WITHIN_S = 5.0
START_PAUSE_S = 0.5
PASSED = Counter("rate_limits_passed_total", "Requests that nobody counted: the storage of counters is away", ["rate"])
IPV6_HOUSEHOLD_BITS = 64
UNKNOWN_ADDRESS = "unknown"

Counters = dict[str, tuple[int, float]]
"""By key: how often, and until when that is counted."""
NONE = (0, 0.0)


class OwnMemory(Storage):
    """Counters of this process alone, and a bounded number of them: the oldest goes first.

    The library's own asynchronous memory looks at every counter at every hit: 0.8 ms with 10,000 users.
    """

    def __init__(self, max_counters: int = MAX_COUNTERS) -> None:
        """`max_counters`: so many for rates per minute, as many for rates per hour, and so on."""
        super().__init__()
        self._max_counters = max_counters
        # By the seconds that they last: those of a minute must not wait behind, nor push out, one of an hour.
        self._counters: dict[float, Counters] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        counters = self._counters.setdefault(expiry, {})
        count, ends_at = counters.get(key, NONE)
        if ends_at <= now:
            counters.pop(key, None)
            self._make_room(counters, now)
            count, ends_at = 0, now + expiry
        counters[key] = (count + amount, ends_at)
        return count + amount

    def _make_room(self, counters: Counters, now: float) -> None:
        """Counters stand in the order in which they began, so those that have ended stand in front."""
        for _ in range(2):
            oldest = next(iter(counters), None)
            if oldest and (counters[oldest][1] <= now or len(counters) >= self._max_counters):
                del counters[oldest]

    def _found(self, key: str) -> tuple[int, float]:
        return next((counters[key] for counters in self._counters.values() if key in counters), NONE)

    async def get(self, key: str) -> int:
        count, ends_at = self._found(key)
        return count if ends_at > time.time() else 0

    async def get_expiry(self, key: str) -> float:
        return self._found(key)[1] or time.time()

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        count = sum(map(len, self._counters.values()))
        self._counters.clear()
        return count

    async def clear(self, key: str) -> None:
        for counters in self._counters.values():
            counters.pop(key, None)


class StorageAway(Exception):
    """It does not answer, or refuses what is asked of it."""


class Limits:
    """`rates` by name, as settings have them: `{"user": "100/minute"}`."""

    def __init__(self, storage: Storage, rates: Mapping[str, str]) -> None:
        self._storage = storage
        self._never_waits = isinstance(storage, OwnMemory)
        self._limiter = FixedWindowRateLimiter(storage)
        self._rates: dict[str, list[RateLimitItem]] = {name: parse_many(rate) for name, rate in rates.items()}
        self._is_away = False
        self._ask_at = self._complained_at = float("-inf")

    async def count(self, rate: str, who: str) -> None:
        """Errors: RATE_LIMITED, with Retry-After in seconds."""
        if self._is_away and not self._may_ask():
            PASSED.labels(rate).inc()
            return
        try:
            refused = await self._within_time(self._refused_by(rate, who))
        except (StorageError, OSError) as error:
            PASSED.labels(rate).inc()
            self._complain(error)
            return
        self._is_away = False
        if refused is not None:
            raise Refused("RATE_LIMITED", headers={"retry-after": str(max(1, ceil(refused - time.time())))})

    async def reach(self, within_s: float = START_WITHIN_S) -> None:
        """Count something, to see that it can be done; servers that start beside us are waited for. Errors:
        StorageAway.
        """
        give_up_at = time.monotonic() + within_s
        while True:
            try:
                await self._within_time(self._storage.incr("start", 1), max(STORAGE_TIMEOUT_S, START_PAUSE_S))
            except (StorageError, OSError) as error:
                if time.monotonic() + START_PAUSE_S > give_up_at:
                    raise StorageAway(str(error) or "no answer in time") from error
                await asyncio.sleep(START_PAUSE_S)
            else:
                return

    async def close(self) -> None:
        """The library has no way to end a storage's connections."""
        bridge: Any = getattr(self._storage, "bridge", None)
        if bridge is not None:
            await bridge.storage.aclose()

    async def _within_time(self, counting: Coroutine[Any, Any, T], seconds: float = STORAGE_TIMEOUT_S) -> T:
        return await (counting if self._never_waits else asyncio.wait_for(counting, seconds))

    async def _refused_by(self, rate: str, who: str) -> float | None:
        """When the limit that refuses this ends; None when none does."""
        for item in self._rates[rate]:
            if not await self._limiter.hit(item, rate, who):
                return (await self._limiter.get_window_stats(item, rate, who)).reset_time
        return None

    def _may_ask(self) -> bool:
        """Whether this one asks whether the storage is back, for all."""
        now = time.monotonic()
        if now < self._ask_at:
            return False
        self._ask_at = now + ASK_AGAIN_S
        return True

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        self._is_away, self._ask_at = True, now + ASK_AGAIN_S
        if now - self._complained_at > COMPLAIN_AGAIN_S:
            self._complained_at = now
            log.warning("requests are not counted: the storage is away", error=repr(error))


def storage_at(uri: str) -> Storage:
    """Not connected yet. Errors: ConfigurationError for one that is not known, or whose driver is not installed."""
    if uri == OWN_MEMORY:
        return OwnMemory()
    name = uri.removeprefix("async+")
    driver = {"implementation": "valkey"} if name.startswith(SHARED) else {}
    storage = storage_from_string(f"async+{name}", wrap_exceptions=True, **driver)
    if not isinstance(storage, Storage):
        raise ConfigurationError("it cannot be used asynchronously")
    return storage


class Addresses:
    """Where a request comes from. X-Forwarded-For is anyone's to write, so only known proxies are believed."""

    def __init__(self, trusted_proxies: tuple[str, ...]) -> None:
        self._trusted = [ip_network(proxy) for proxy in trusted_proxies]

    def of(self, scope: Scope) -> str:
        """An IPv4 address, or the /64 network of an IPv6 one: a household has all of that."""
        client = scope.get("client")
        address = client[0] if client else UNKNOWN_ADDRESS
        if self._trusted and self._is_trusted(address):
            address = self._forwarded_for(scope, address)
        return household(address)

    def _forwarded_for(self, scope: Scope, proxy: str) -> str:
        """Each proxy appends whom it heard from: the last one that is not a proxy of ours is the client."""
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        address = proxy
        for hop in reversed(",".join(named).split(",")):
            hop_address = hop.strip()
            if not _is_address(hop_address):
                break
            address = hop_address
            if not self._is_trusted(address):
                break
        return address

    def _is_trusted(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=10_000)
def household(address: str) -> str:
    """What counts as one address."""
    if not _is_address(address):
        return UNKNOWN_ADDRESS
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), IPV6_HOUSEHOLD_BITS), strict=False))
