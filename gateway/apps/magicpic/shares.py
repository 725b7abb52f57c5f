"""Links to pictures for those who have no app: a page that messengers and networks can preview."""

import base64
import re
from hashlib import sha256
from html import escape
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import ServiceError
from contracts.rpc.social import OpenShare, ShareCreation
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes, social_examples, social_shapes
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.links import Links
from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.routing import ANYONE, MEMBER, endpoint, user_of
from kernel.caller import Caller

TAG = "Creations"
HTML = "text/html"
FOUND, NOT_THERE = 302, 404
GONE: dict[str, Any] = {"responses": {"404": {"content": {HTML: {"example": "<!doctype html>…"}}}}}
"""Of a page."""
ERRORS = ("CREATION_NOT_FOUND",)
SLUG = re.compile(r"[A-Za-z0-9_-]{22}")
MAX_AGE_S = 60
"""So soon is a link dead after its picture was made private."""
STYLE = (
    "body{margin:0;background:#111;color:#eee;font:16px system-ui,sans-serif;text-align:center}"
    "img{max-width:100%;max-height:85vh}h1{font-size:1.2em}"
)
_STYLE_HASH = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
# The picture itself comes from wherever the object storage is.
HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; img-src *; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


class Shares:
    def __init__(self, caller: Caller, gallery: Gallery, links: Links) -> None:
        self._caller = caller
        self._gallery = gallery
        self._links = links

    @endpoint(
        "POST",
        "/api/creations/{creation_id:id}/share",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[social_shapes.ShareLink],
            examples.answer(social_examples.SHARE),
            errors=("CREATION_NOT_FOUND", "CREATION_PRIVATE", "PERMISSION_DENIED"),
        ),
    )
    async def share(self, request: Request, creation_id: int) -> Response:
        """Get a link to a public picture

        For anyone, without the app. The same link each time; it leads nowhere while the picture is not public.
        """
        found = orjson.loads(await self._caller.call(ShareCreation(user_id=user_of(request), creation_id=creation_id)))
        return answer(envelope(orjson.dumps({"url": self._links.of_share(request, found["slug"])})))

    @endpoint(
        "GET", "/s/{slug}", ANYONE, Documentation(TAG, None, "<!doctype html>…", ERRORS, media_type=HTML, extra=GONE)
    )
    async def shared_page(self, request: Request, slug: str) -> Response:
        """Show a shared picture

        A page for browsers, with what messengers and networks preview.
        """
        found = await self._shared(slug)
        if found is None:
            return _page("Not found", "", "<h1>This picture is not here any more.</h1>", status=NOT_THERE)
        [picture] = await self._gallery.public([found])
        url = self._links.of_share(request, slug)
        return _picture_page(f"{_name_of(picture['style'])} by {picture['user']['name']}", url)

    @endpoint(
        "GET",
        "/s/{slug}/image",
        ANYONE,
        Documentation(TAG, None, "(the picture)", ERRORS, media_type="image/*"),
    )
    async def shared_image(self, _: Request, slug: str) -> Response:
        """Show a shared picture alone

        A 302 that leads to where it lies: that address is good for five minutes, this one stays.
        """
        found = await self._shared(slug)
        if found is None:
            raise Refused("CREATION_NOT_FOUND")
        headers = {"cache-control": f"public, max-age={MAX_AGE_S}", "referrer-policy": "no-referrer"}
        return RedirectResponse(found["generated_image_url"], FOUND, headers)

    async def _shared(self, slug: str) -> dict[str, Any] | None:
        if not SLUG.fullmatch(slug):
            return None
        try:
            found: dict[str, Any] = orjson.loads(await self._caller.call(OpenShare(slug=slug)))
        except ServiceError as error:
            if error.code != "CREATION_NOT_FOUND":
                raise
            return None
        return found


def _name_of(style: Any) -> str:
    """A style that is known stands in the picture as the bytes that catalog sent."""
    known = orjson.loads(orjson.dumps(style))
    return str(known["name"])


def _picture_page(title: str, url: str) -> Response:
    facts = {
        "og:type": "website",
        "og:site_name": "MagicPic",
        "og:title": title,
        "og:description": "Made with MagicPic",
        "og:url": url,
        "og:image": f"{url}/image",
        "twitter:card": "summary_large_image",
        "twitter:title": title,
        "twitter:description": "Made with MagicPic",
        "twitter:image": f"{url}/image",
    }
    head = "\n".join(
        f'<meta {"name" if key.startswith("twitter:") else "property"}="{key}" content="{escape(value)}">'
        for key, value in facts.items()
    )
    body = f'<img src="{escape(url)}/image" alt="{escape(title)}">\n<h1>{escape(title)}</h1>'
    return _page(title, head, body)


def _page(title: str, head: str, body: str, *, status: int = 200) -> Response:
    """`head` and `body` are ready HTML, `title` is not."""
    caching = f"public, max-age={MAX_AGE_S}" if status < NOT_THERE else "no-store"
    page = PAGE.format(title=escape(title), head=head, style=STYLE, body=body)
    return Response(page, status, HEADERS | {"cache-control": caching}, HTML)
