"""What every public API has: its description, the keys of its tokens, and how it is."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

import orjson
from fastapi import Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, JSONResponse, Response

from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.routing import ANYONE, UNCOUNTED, endpoint
from gateway.security import Tokens

TITLE = "MagicPic"
KEYS_MAX_AGE_S = 300
EXAMPLE_KEYS = {
    "keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQH…"}]
}
UNAVAILABLE = 503
# Swagger UI from a wheel instead of a CDN: the page works without the internet, and tells nobody who reads it.
SWAGGER = Path(str(files("fastapi_offline"))) / "static"
SWAGGER_SCRIPT, SWAGGER_STYLE = "swagger-ui-bundle.js", "swagger-ui.css"
DOCS_MAX_AGE_S = 86_400


class Basics:
    def __init__(self, tokens: Tokens, checks: Callable[[], Awaitable[dict[str, str]]]) -> None:
        self._tokens = tokens
        self._checks = checks
        self._describing = asyncio.Lock()
        self._description: bytes | None = None

    @endpoint("GET", "/.well-known/jwks.json", ANYONE, Documentation("Accounts", None, EXAMPLE_KEYS))
    async def keys(self, _: Request) -> Response:
        """The public keys of our tokens

        A JSON Web Key Set (RFC 7517), not in an envelope.
        """
        if not self._tokens.ready:
            raise Refused("SERVICE_UNAVAILABLE")
        return JSONResponse(
            {"keys": self._tokens.published}, headers={"cache-control": f"public, max-age={KEYS_MAX_AGE_S}"}
        )

    @endpoint("GET", "/openapi.json", ANYONE)
    async def description(self, request: Request) -> Response:
        async with self._describing:
            if self._description is None:  # a second's work: others are answered meanwhile
                self._description = await asyncio.to_thread(lambda: orjson.dumps(request.app.openapi()))
        return Response(self._description, media_type="application/json")

    @endpoint("GET", "/docs", ANYONE)
    async def docs(self, _: Request) -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=TITLE,
            swagger_js_url=f"/docs/{SWAGGER_SCRIPT}",
            swagger_css_url=f"/docs/{SWAGGER_STYLE}",
            swagger_favicon_url="data:,",
        )

    @endpoint("GET", "/docs/{name}", ANYONE)
    async def docs_part(self, _: Request, name: str) -> Response:
        if name not in (SWAGGER_SCRIPT, SWAGGER_STYLE):
            raise Refused("NOT_FOUND")
        return FileResponse(SWAGGER / name, headers={"cache-control": f"public, max-age={DOCS_MAX_AGE_S}"})

    @endpoint("GET", "/healthz", UNCOUNTED)
    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    @endpoint("GET", "/readyz", UNCOUNTED)
    async def readiness(self, _: Request) -> Response:
        checks = await self._checks()
        ready = all(state == "ok" for state in checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, status_code=200 if ready else UNAVAILABLE)
