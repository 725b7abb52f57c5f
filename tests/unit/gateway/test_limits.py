"""Counting requests: exactly, per household, and never as a reason to refuse when counting fails."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from limits import parse, parse_many
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from pydantic import ValidationError

from contracts.errors import ServiceError
from gateway.errors import Refused
from gateway.limits import Addresses, Limits, OwnMemory, household, storage_at
from gateway.settings import GatewaySettings
from services.catalog import seeding

PROXIES = ("10.0.0.0/8", "2001:db8::1")


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (peer, 1234) if peer else None, "headers": headers}


async def test_the_request_after_the_last_allowed_one_is_refused_with_the_seconds_to_wait() -> None:
    counting = Limits(OwnMemory(), {"user": "3/minute"})
    for _ in range(3):
        await counting.count("user", "42")
    with pytest.raises(Refused) as refused:
        await counting.count("user", "42")
    assert (refused.value.code, refused.value.status) == ("RATE_LIMITED", 429)
    assert 1 <= int(refused.value.headers["retry-after"]) <= 60


async def test_users_and_rates_are_counted_apart() -> None:
    counting = Limits(OwnMemory(), {"user": "1/minute", "login": "1/minute"})
    await counting.count("user", "42")
    await counting.count("user", "43")
    await counting.count("login", "42")


async def test_a_rate_may_have_several_parts() -> None:
    counting = Limits(OwnMemory(), {"login": "5/second; 6/day"})
    for _ in range(5):
        await counting.count("login", "192.0.2.1")
    with pytest.raises(ServiceError):
        await counting.count("login", "192.0.2.1")


async def test_a_storage_that_is_away_refuses_nobody() -> None:
    class Away(OwnMemory):
        async def incr(self, *_: object, **__: object) -> int:
            raise StorageError(ConnectionError("away"))

    counting = Limits(Away(), {"user": "1/minute"})
    for _ in range(5):
        await counting.count("user", "42")


def test_a_storage_that_nobody_knows_stops_the_start() -> None:
    with pytest.raises(ConfigurationError):
        storage_at("carrier-pigeon://")


@pytest.mark.parametrize("scheme", ["carrier-pigeon", "memcached", "mongodb", "http", "async+nothing", ""])
def test_a_storage_that_cannot_be_used_is_named_without_its_password(scheme: str) -> None:
    uri = f"{scheme}://somebody:hunter2@nowhere:1"
    with pytest.raises(ValidationError, match="rate_limit_storage") as refused:
        GatewaySettings(nats_url="-", s3_endpoint="-", s3_access_key="-", s3_secret_key="-", rate_limit_storage=uri)
    assert "hunter2" not in refused.value.errors()[0]["msg"]


def test_a_rate_that_makes_no_sense_stops_the_start() -> None:
    with pytest.raises(ValueError, match="rate_limit_user"):
        GatewaySettings(nats_url="-", s3_endpoint="-", s3_access_key="-", s3_secret_key="-", rate_limit_user="a lot")


def test_one_photo_goes_through_every_style_within_a_minute() -> None:
    """As `make demo` sends it, each time anew."""
    settings = GatewaySettings(nats_url="-", s3_endpoint="-", s3_access_key="-", s3_secret_key="-")
    seed = Path(seeding.__file__).with_name("seed.yaml").read_text(encoding="utf-8")
    styles = len(yaml.safe_load(seed)["styles"])
    assert styles >= 30
    for rate in (settings.rate_limit_upload, settings.rate_limit_upload_address):
        assert all(limit.amount > styles for limit in parse_many(rate))


async def test_memory_holds_no_more_than_its_bound() -> None:
    memory = OwnMemory(max_counters=100)
    limiter = FixedWindowRateLimiter(memory)
    for user in range(1000):
        await limiter.hit(parse("100/minute"), "user", str(user))
    assert await memory.reset() <= 101


async def test_counters_of_a_minute_neither_wait_behind_one_of_an_hour_nor_push_it_out() -> None:
    memory = OwnMemory(max_counters=100)
    counting = Limits(memory, {"upload": "1/hour", "user": "100/minute"})
    await counting.count("upload", "42")
    for number in range(50):
        await memory.incr(str(number), expiry=0)  # it has ended when the next one comes
    assert await memory.reset() <= 3
    await counting.count("upload", "42")
    for user in range(1000):
        await counting.count("user", str(user))
    with pytest.raises(Refused) as refused:
        await counting.count("upload", "42")
    assert 3500 <= int(refused.value.headers["retry-after"]) <= 3600


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),  # anyone can write that header
        ("10.1.2.3", ("198.51.100.1",), "198.51.100.1"),
        ("10.1.2.3", ("8.8.8.8, 198.51.100.1, 10.9.9.9",), "198.51.100.1"),  # the first one may be forged
        ("10.1.2.3", ("8.8.8.8", "198.51.100.1"), "198.51.100.1"),
        ("10.1.2.3", ("nonsense",), "10.1.2.3"),
        ("10.1.2.3", (), "10.1.2.3"),
        ("2001:db8::1", ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        (None, (), "unknown"),
    ],
)
def test_only_known_proxies_are_believed(peer: str | None, forwarded: tuple[str, ...], counted: str) -> None:
    assert Addresses(PROXIES).of(scope(peer, *forwarded)) == counted


def test_without_known_proxies_the_header_means_nothing() -> None:
    assert Addresses(()).of(scope("10.1.2.3", "198.51.100.1")) == "10.1.2.3"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("testclient", "unknown"),
    ],
)
def test_a_household_is_counted_as_one(address: str, counted: str) -> None:
    assert household(address) == counted
