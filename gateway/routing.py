"""How an endpoint is declared: where it is, who may call it, what it takes, answers and refuses.

FastAPI reads the declaration and documents it. It is run here, because FastAPI's own way of running an endpoint costs
more than all that our endpoints do: who calls is checked first, before a byte of the body is read; then what the
method's signature asks for is parsed; the method answers with a ready response.
"""

import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from fastapi import Request, params
from fastapi.routing import APIRoute, APIRouter
from prometheus_client import Counter, Histogram
from pydantic import BaseModel, ValidationError
from starlette import routing
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from contracts.errors import ServiceError
from gateway.bodies import read_json
from gateway.cookies import Origins, credentials
from gateway.documentation import Documentation
from gateway.errors import Refused, crashed, error_response, invalid_fields
from gateway.limits import Addresses, Limits
from gateway.security import GUEST, Caller, Tokens
from kernel.logging import log

REQUESTS = Counter("http_requests_total", "Requests answered", ["endpoint", "status"])
SECONDS = Histogram("http_request_seconds", "Seconds until the answer begins", ["endpoint"])
SERVER_FAULT = 500

Method = Callable[..., Awaitable[Response]]
M = TypeVar("M", bound=Method)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an endpoint, and the rate that counts it: per user, or per address for those without a token.

    `guests`: whether those who have not signed up may. `roles`: the only ones that may; without any, all.
    `knows_users`: open to everyone, but whoever comes with a token is known by it. `uploads`: whether a picture comes
    in by it, which is counted once more, per user and per address: ten megabytes are no request like any other.
    """

    signed_in: bool
    rate: str | None
    guests: bool = True
    roles: frozenset[str] = frozenset()
    knows_users: bool = False
    uploads: Literal["never", "always", "unless json"] = "never"

    def check(self, caller: Caller) -> None:
        """Errors: PERMISSION_DENIED."""
        if caller.role == GUEST and not self.guests:
            raise Refused("PERMISSION_DENIED", "Please sign up.")
        if self.roles and caller.role not in self.roles:
            raise Refused("PERMISSION_DENIED")

    def brings_picture(self, scope: Scope) -> bool:
        """As far as can be seen before the body is read."""
        if self.uploads == "unless json":
            return not (header(scope, b"content-type") or b"").lower().startswith(b"application/json")
        return self.uploads == "always"


USER = Access(signed_in=True, rate="user")
MEMBER = Access(signed_in=True, rate="user", guests=False)
ADMIN = Access(signed_in=True, rate="user", guests=False, roles=frozenset({"admin"}))
MODERATOR = Access(signed_in=True, rate="user", guests=False, roles=frozenset({"moderator", "admin"}))
ANYONE = Access(signed_in=False, rate="anonymous")
UNCOUNTED = Access(signed_in=False, rate=None)
"""For what watches the gateway, and must see it when it is busy."""


@dataclass(frozen=True)
class Declaration:
    method: str
    path: str
    access: Access
    documentation: Documentation | None


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets in who may call."""

    tokens: Tokens
    limits: Limits
    addresses: Addresses
    origins: Origins
    body_timeout_s: float

    async def admit(self, scope: Scope, access: Access) -> None:
        """Errors: INVALID_TOKEN, RATE_LIMITED, PERMISSION_DENIED."""
        self.origins.check(scope)
        if access.signed_in:
            caller = scope["caller"] = await self.tokens.caller(credentials(scope))
            if access.rate:
                await self.limits.count(access.rate, str(caller.user_id))
            access.check(caller)
            if access.brings_picture(scope):
                await self.limits.count("upload", str(caller.user_id))
                await self.limits.count("upload_address", self.addresses.of(scope))
            return
        if access.knows_users and (authorization := credentials(scope)):
            scope["caller"] = await self.tokens.caller(authorization)
        if access.rate:
            await self.limits.count(access.rate, self.addresses.of(scope))


def endpoint(method: str, path: str, access: Access, documentation: Documentation | None = None) -> Callable[[M], M]:
    """Declares a method of an area as an endpoint. One without documentation is not shown in the API's description.

    The method takes `request`, the path's parameters by name (as the path converts them), and at most one pydantic
    model: with `Query()` in its annotation it is read from the query string, without from a JSON body. Its name and
    docstring are its name and description there.
    """

    def declare(function: M) -> M:
        function.declaration = Declaration(method, path, access, documentation)  # type: ignore[attr-defined]
        return function

    return declare


def routes_of(areas: Iterable[object], guard: Guard) -> list["Route"]:
    """The routes that the methods of these objects declare, in the order in which they are written."""
    return [
        Route(found.declaration, getattr(area, name), guard)
        for area in areas
        for name, found in vars(type(area)).items()
        if hasattr(found, "declaration")
    ]


def user_of(request: Request) -> int:
    """The id of the signed-in user, in an endpoint for users."""
    return caller_of(request).user_id


def caller_of(request: Request) -> Caller:
    """Who is signed in, in an endpoint for users."""
    caller: Caller = request.scope["caller"]
    return caller


def user_or_nobody(request: Request) -> int | None:
    """The id of whoever comes with a token, in an endpoint that is open to everyone and knows users."""
    caller: Caller | None = request.scope.get("caller")
    return caller.user_id if caller else None


def header(scope: Scope, name: bytes) -> bytes | None:
    for found, value in scope["headers"]:
        if found == name:
            return bytes(value)
    return None


class Route(routing.Route):
    """An endpoint in its place."""

    def __init__(self, declaration: Declaration, method: Method, guard: Guard) -> None:
        super().__init__(declaration.path, method, include_in_schema=declaration.documentation is not None)
        self.declaration = declaration
        self.methods = {declaration.method}
        self._inputs = _Inputs(method, guard.body_timeout_s)
        self._guard = guard
        self._seconds = SECONDS.labels(self._name)
        self._counters: dict[int, Counter] = {}
        self.app = self._run

    def described(self, documentation: Documentation) -> APIRoute:
        """As FastAPI describes it. Not made at the start, of which it would be nine tenths."""
        summary, _, description = (inspect.getdoc(self.endpoint) or "").partition("\n\n")
        return APIRoute(
            self.path,
            self.endpoint,
            methods=[self.declaration.method],
            summary=summary,
            description=description,
            operation_id=self.endpoint.__name__,
            **documentation.options(signed_in=self.declaration.access.signed_in),
        )

    @property
    def _name(self) -> str:
        return f"{self.declaration.method} {self.path_format}"

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        request = Request(scope, receive, send)
        try:
            await self._guard.admit(scope, self.declaration.access)
            response: Response = await self.endpoint(request, **await self._inputs.of(request))
        except ServiceError as error:
            if error.status >= SERVER_FAULT:
                log.warning("a request failed", endpoint=self._name, code=error.code)
            response = error_response(error)
        except ClientDisconnect:
            return  # nobody is left to be answered
        except Exception as error:  # noqa: BLE001  (logged, and answered as every error is)
            response = crashed(request, error)
        self._seconds.observe(perf_counter() - began)
        self._count(response.status_code)
        await response(scope, receive, send)

    def _count(self, status: int) -> None:
        counter = self._counters.get(status)
        if counter is None:
            counter = self._counters[status] = REQUESTS.labels(self._name, str(status))
        counter.inc()


class Shortcuts:
    """Finds paths without parameters at once, and those with some by what stands before the first of them.

    The router tries all routes one after another: 0.18 ms with 80 of them. It is left with what is found nowhere.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._fixed: dict[tuple[str, str], Route] = {}
        self._by_beginning: dict[tuple[str, str], list[Route]] = defaultdict(list)
        for route in router.routes:
            if isinstance(route, Route):
                method, (beginning, parameter, _) = route.declaration.method, route.path.partition("{")
                if parameter:
                    self._by_beginning[method, beginning].append(route)
                else:
                    self._fixed[method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope.get("method", ""), scope.get("path", "")
        route = self._fixed.get((method, path)) or self._with_parameters(method, path, scope)
        await (route.app if route else self._router)(scope, receive, send)

    def _with_parameters(self, method: str, path: str, scope: Scope) -> Route | None:
        """The route whose pattern the path fits, the parameters' values in the scope."""
        end = path.rfind("/") + 1
        while end > 0:
            for route in self._by_beginning.get((method, path[:end]), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    return route
            end = path.rfind("/", 0, end - 1) + 1
        return None


class _Inputs:
    """Reads what a method asks for, as its signature says."""

    def __init__(self, method: Method, body_timeout_s: float) -> None:
        self._body_timeout_s = body_timeout_s
        self._path: list[str] = []
        self._query: tuple[str, type[BaseModel]] | None = None
        self._body: tuple[str, type[BaseModel]] | None = None
        hints = get_type_hints(method, include_extras=True)
        for name in list(inspect.signature(method).parameters)[1:]:
            kind, *marks = get_args(hints[name]) or (hints[name],)
            if any(isinstance(mark, params.Query) for mark in marks):
                self._query = (name, kind)
            elif issubclass(kind, BaseModel):
                self._body = (name, kind)
            else:
                self._path.append(name)

    async def of(self, request: Request) -> dict[str, Any]:
        """Errors: VALIDATION_ERROR, BODY_TOO_LARGE, REQUEST_TIMEOUT."""
        inputs: dict[str, Any] = {name: request.path_params[name] for name in self._path}
        if self._query:
            name, model = self._query
            # A field that was left empty is one that was left out: so do forms and query builders say "any".
            given = {}
            if request.scope["query_string"]:
                given = {key: value for key, value in request.query_params.items() if value}
            try:
                inputs[name] = model.model_validate(given)
            except ValidationError as error:
                raise invalid_fields(error) from None
        if self._body:
            name, model = self._body
            inputs[name] = await read_json(request, model, timeout_s=self._body_timeout_s)
        return inputs
