"""What can be set about the gateway, each as `MAGICPIC_<NAME>` in the environment."""

from ipaddress import ip_network
from typing import Annotated

from limits import parse_many
from limits.errors import ConfigurationError
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from gateway.limits import OWN_MEMORY, storage_at
from kernel.settings import StorageSettings


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(addresses: tuple[str, ...]) -> tuple[str, ...]:
    for address in addresses:
        ip_network(address)
    return addresses


def _storage(uri: str) -> str:
    """The message does not quote it: there may be a password in it."""
    try:
        storage_at(uri)
    except ConfigurationError:
        raise ValueError("no such storage, or no driver for it: memory://, redis://…, valkey://…") from None
    return uri


def _rate(text: str) -> str:
    parse_many(text)
    return text


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""In the environment: parts with commas between them."""
Rate = Annotated[str, AfterValidator(_rate)]
"""As the `limits` library reads it: `100/minute`, or `20/minute; 200/day`."""
Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class GatewaySettings(StorageSettings):
    """`http_host` and `http_port` are the operators' side (health and metrics); `gateway_…` is the public one."""

    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(default=8000, ge=0, le=65535)
    gateway_public_url: str | None = None
    """How clients reach the gateway (`https://api.example.org`): for links in answers. By default, as they just did."""
    cors_origins: Listed = ()
    """Origins of web pages that may call the API; `*` for all."""
    trusted_proxies: Annotated[Listed, AfterValidator(_networks)] = ()
    """Addresses or networks whose X-Forwarded-For is believed."""

    rate_limit_storage: Annotated[str, AfterValidator(_storage)] = OWN_MEMORY
    """Where requests are counted. `memory://` counts for each gateway process alone; a server that several share counts
    for all together: `redis://[user:password@]host:port[/database]`, `rediss://…` (TLS), `valkey://…`, `valkeys://…`."""
    rate_limit_user: Rate = "100/minute"
    rate_limit_signup: Rate = "20/minute"
    rate_limit_login: Rate = "20/minute"
    rate_limit_guest: Rate = "20/minute"
    rate_limit_refresh: Rate = "300/minute"
    rate_limit_anonymous: Rate = "300/minute"
    rate_limit_webhook: Rate = "6000/minute"
    """Calls of payment providers and ad networks, which come from few addresses."""
    rate_limit_socket: Rate = "1200/minute"
    """Sockets opened from one address: after a restart all phones behind a carrier's address come back at once."""
    rate_limit_upload: Rate = "40/minute; 400/hour"
    """Pictures of up to 10 MB that one user sends, in whatever way. One that goes straight into storage counts as it
    begins and as it is completed."""
    rate_limit_upload_address: Rate = "200/minute"
    """The same from one address, however many accounts send them."""

    live_connections: Count = 10_000
    """Sockets and streams of one gateway at the same time; of these from one address, and of one user."""
    live_connections_per_address: Count = 500
    live_connections_per_user: Count = 10

    credits_consume: bool = False
    """Whether `POST /api/credits/consume` is there."""
    generate_wait_s: Seconds = 55
    """How long an answer waits for its picture. Phones give up after 60 seconds."""
    body_timeout_s: Seconds = 10
    upload_timeout_s: Seconds = 120
    drain_timeout_s: Seconds = 20
    """How long a stopping gateway lets the requests that it has begun go on."""
