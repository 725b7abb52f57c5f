"""The gateway's composition root: the public face of everything. It holds no data of its own."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from contracts import asyncapi, subjects
from contracts.events import auth, battle, catalog, creation, ledger, notify
from contracts.rpc import auth as auth_rpc
from gateway.apps import magicpic
from gateway.basics import TITLE, Basics
from gateway.cookies import Origins
from gateway.documentation import SECURITY_SCHEMES
from gateway.errors import Faults
from gateway.limits import Addresses, Limits, StorageAway, storage_at
from gateway.live.live import Live
from gateway.middleware import RequestIds
from gateway.revocations import Revocations
from gateway.routing import Guard, Route, Shortcuts, routes_of
from gateway.security import Tokens
from gateway.server import http_server, raise_file_limit
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.tap import Tap
from gateway.uploads import Uploads
from kernel.clock import from_iso, utc_now
from kernel.logging import configure_logging, log
from kernel.memory import keep_buffers
from kernel.objects import Objects
from kernel.service import calm_collector, ops_app
from kernel.settings import WRONG_SETTING, complain

__all__ = ["Gateway", "GatewaySettings", "create_app", "describe", "http_server", "serve_gateway"]

HEARD = ("auth", "battle", "catalog", "creation", "ledger", "notify")
AUTH_TIMEOUT_S = 2.0
FOR_EVER = float("inf")
CALLERS_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-App-Version",
    "X-Device-ID",
    "X-Platform",
    "X-Request-ID",
    "X-Session",
]
OUR_HEADERS = ["ETag", "Idempotency-Replayed", "Preference-Applied", "Retry-After", "X-Request-ID"]
TAGS = [
    {"name": name}
    for name in (
        "Accounts",
        "Styles",
        "Discover",
        "Creations",
        "Jobs",
        "Uploads",
        "Battles",
        "Live",
        "Credits",
        "Subscriptions",
        "Notifications",
        "Administration",
        "Webhooks",
    )
]
ABOUT = """Photos become art, paid in credits.

Success is `{"success": true, "data": …, "message"?}`, an error `{"success": false, "error": {"code", "message",
"details"?, "request_id"}}`. Lists carry `total`, paged ones `pagination`. Every answer has an `X-Request-ID`."""


class IdConvertor(Convertor[int]):
    """A public id in a path: any longer number is no id of ours, so there is nothing under that path."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


class HexConvertor(Convertor[str]):
    """An id of 32 hexadecimal digits in a path, such as a session's."""

    regex = "[0-9a-f]{32}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class Gateway:
    """What the endpoints stand on, and its life."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.services = Services(settings.nats_url)
        self.tap = Tap(self.services, HEARD)
        self.revocations = Revocations(self._ask_for_revocations)
        self.tokens = Tokens(self._ask_for_keys, self.revocations)
        self.uploads = Uploads(Objects.of(settings))
        self.addresses = Addresses(settings.trusted_proxies)
        rates = {
            "user": settings.rate_limit_user,
            "signup": settings.rate_limit_signup,
            "login": settings.rate_limit_login,
            "guest": settings.rate_limit_guest,
            "refresh": settings.rate_limit_refresh,
            "anonymous": settings.rate_limit_anonymous,
            "webhook": settings.rate_limit_webhook,
            "socket": settings.rate_limit_socket,
            "upload": settings.rate_limit_upload,
            "upload_address": settings.rate_limit_upload_address,
        }
        self.limits = Limits(storage_at(settings.rate_limit_storage), rates)
        origins = Origins(settings.cors_origins, settings.gateway_public_url)
        self.guard = Guard(self.tokens, self.limits, self.addresses, origins, settings.body_timeout_s)
        self.live = Live(settings, self.services.caller, self.tap, self.guard)
        self.areas = [
            *magicpic.areas(settings, self.services.caller, self.tap, self.guard, self.uploads),
            *self.live.areas,
            Basics(self.tokens, self.checks),
        ]
        self.tap.on_gap(self.revocations.missed)
        self.tap.hook(auth.SessionRevoked, lambda event: self.revocations.end_session(event["session_id"]))
        self.tap.hook(auth.AccessEnded, self._end_access)
        self.tap.hook(auth.AccountSuspended, self._suspend)
        self.tap.hook(auth.AccountDeleted, lambda event: self.revocations.end_access(event["user_id"], FOR_EVER))
        self._starting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Requests are taken at once; what the gateway needs may come later than it does."""
        self._starting = asyncio.create_task(self._start(), name="gateway-start")
        self._starting.add_done_callback(_tell_if_it_failed)

    async def stop(self) -> None:
        if self._starting:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self.live.close()
        await self.revocations.close()
        await self.services.close()
        await self.limits.close()
        self.uploads.close()

    def drain(self) -> None:
        """Nobody new, please; and nobody is to wait for what takes long."""
        self.tap.close()
        self.live.drain()

    async def checks(self) -> dict[str, str]:
        """What stands between this process and its work; `ok` for what does not."""
        return {
            "started": "stopping" if self.tap.closing else "ok",
            "broker": "ok" if self.tap.hears else "not connected",
            "keys": "ok" if self.tokens.ready else "auth has not given its keys yet",
            "revocations": "ok" if self.revocations.known else "auth has not told what was revoked",
        }

    async def _start(self) -> None:
        await self.services.connect()
        await self.tap.start()
        await self.tokens.learn()
        await self.revocations.settled()
        calm_collector()
        log.info("ready", service="gateway")

    async def _ask_for_keys(self) -> list[dict[str, Any]]:
        found: auth_rpc.KeySet = await self.services.caller.ask(auth_rpc.Jwks(), timeout_s=AUTH_TIMEOUT_S)
        return found.keys

    async def _ask_for_revocations(self, after: int) -> auth_rpc.RevocationPage:
        question = auth_rpc.Revocations(after=after)
        found: auth_rpc.RevocationPage = await self.services.caller.ask(question, timeout_s=AUTH_TIMEOUT_S)
        return found

    def _end_access(self, event: Mapping[str, Any]) -> None:
        self.revocations.end_access(event["user_id"], from_iso(event["before"]).timestamp())

    def _suspend(self, event: Mapping[str, Any]) -> None:
        self.revocations.end_access(event["user_id"], utc_now().timestamp())


def _tell_if_it_failed(starting: asyncio.Task[None]) -> None:
    if not starting.cancelled() and (error := starting.exception()):
        log.error("the gateway cannot become ready", exc_info=error)


class Api(FastAPI):
    """FastAPI with only those layers around the endpoints that they need: every request pays for each."""

    def build_middleware_stack(self) -> ASGIApp:
        gateway: Gateway = self.state.gateway
        app = gateway.live.sockets.beside(Faults(Shortcuts(self.router)))
        for layer, args, options in reversed(self.user_middleware):
            app = layer(app, *args, **options)
        return app


def create_app(settings: GatewaySettings) -> FastAPI:
    """The public API as an ASGI application; `app.state.gateway` is its `Gateway`."""
    register_url_convertor("id", IdConvertor())
    register_url_convertor("hex", HexConvertor())
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gateway.start()
        yield
        await gateway.stop()

    app = Api(
        title=TITLE,
        version="1",
        description=ABOUT,
        lifespan=lifespan,
        openapi_url=None,  # the description is an endpoint like any other: see basics.py
        redirect_slashes=False,
        middleware=_middleware(settings),
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it looks for a collector at every request
    )
    app.state.gateway = gateway
    app.router.routes.extend(routes_of(gateway.areas, gateway.guard))
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]  # FastAPI's documented way to change it
    return app


def _middleware(settings: GatewaySettings) -> list[Middleware]:
    if not settings.cors_origins:
        return [Middleware(RequestIds)]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=CALLERS_HEADERS,
        expose_headers=OUR_HEADERS,
        allow_credentials="*" not in settings.cors_origins,  # else any page could use a browser's session
    )
    return [Middleware(RequestIds), cors]


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        endpoints = [route for route in app.routes if isinstance(route, Route)]
        shown = [(route, route.declaration.documentation) for route in endpoints]
        routes = [route.described(documentation) for route, documentation in shown if documentation]
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes, tags=TAGS)
        found.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
        app.openapi_schema = found
    return app.openapi_schema


def describe() -> dict[str, Any]:
    """The API as an OpenAPI document. Nothing is started."""
    nowhere = GatewaySettings(nats_url="-", s3_endpoint="http://localhost", s3_access_key="-", s3_secret_key="-")  # noqa: S106  (no secret: nothing is called)
    document: dict[str, Any] = create_app(nowhere).openapi()
    return document


def hears() -> list[str]:
    """The subjects of the events that the gateway acts upon."""
    events = (*auth.EVENTS, *battle.EVENTS, *catalog.EVENTS, *creation.EVENTS, *ledger.EVENTS, *notify.EVENTS)
    return subjects.event_subjects(event.TYPE for event in events)


async def serve_gateway(settings: GatewaySettings) -> None:
    """Run until SIGTERM or SIGINT, then let what has begun come to its end. Meant for uvloop."""
    configure_logging("gateway", settings.log_level)
    raise_file_limit()
    keep_buffers()
    app = create_app(settings)
    gateway: Gateway = app.state.gateway
    try:
        await gateway.limits.reach()
    except StorageAway as error:
        complain("rate_limit_storage", f"the server cannot be used: {error}")
        raise SystemExit(WRONG_SETTING) from None
    public = http_server(app, settings)
    operators = uvicorn.Server(
        uvicorn.Config(
            ops_app(gateway.checks, lambda: asyncapi.document([], hears())),
            host=settings.http_host,
            port=settings.http_port,
            lifespan="off",
            access_log=False,
            log_config=None,
        )
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # serve() would take the signals for itself
    servers = [asyncio.create_task(server._serve()) for server in (public, operators)]  # noqa: SLF001
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([stopped, *servers], return_when=asyncio.FIRST_COMPLETED)
    log.info("stopping", service="gateway")
    gateway.drain()
    public.should_exit = True
    await servers[0]
    operators.should_exit = True
    await servers[1]
    stopped.cancel()
