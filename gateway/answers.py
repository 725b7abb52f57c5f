"""Every answer leaves in one shape: `{"success": true, "data": …, "message"?}`, lists with `total` and `pagination`.

What a service answered is passed on as the bytes it came in.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
import orjson
from fastapi import Request
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

MAX_LIMIT = 50
MAX_PAGE = 1_000_000
NO_STORE = {"cache-control": "no-store"}


class Items(msgspec.Struct):
    """What services answer for a list; the items stay as they came."""

    items: msgspec.Raw
    total: int = 0
    next_cursor: int | None = None


class Paging(BaseModel):
    """Which part of a list is wanted. A limit above 50 is 50."""

    page: int = Field(default=1, ge=1, le=MAX_PAGE, description="Counted from 1.")
    limit: Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, MAX_LIMIT))] = Field(
        default=20, description="How many; at most 50."
    )


_items = msgspec.json.Decoder(Items)


def envelope(data: bytes, message: str | None = None, more: bytes = b"") -> bytes:
    """`data` is ready JSON. `more` is what stands beside it, ready too: `,"total":3`."""
    told = b',"message":' + orjson.dumps(message) if message else b""
    return b'{"success":true,"data":' + data + more + told + b"}"


def done(message: str) -> bytes:
    """Where there is nothing to answer but that it is done."""
    return b'{"success":true,"message":' + orjson.dumps(message) + b"}"


def items_of(reply: bytes) -> Items:
    return _items.decode(reply)


def listing(
    items: bytes, total: int, paging: Paging | None = None, *, cursor: Mapping[str, Any] | None = None
) -> bytes:
    """A list's envelope. Without `paging` the whole of it is there. `cursor` joins the pagination."""
    more = b',"total":%d' % total
    if paging:
        more += b',"pagination":' + orjson.dumps(pagination(paging, total) | dict(cursor or {}))
    return envelope(items, more=more)


def following(cursor: int | str | None) -> dict[str, int | str | bool | None]:
    """What joins the pagination of a list that is read from cursor to cursor."""
    return {"next_cursor": cursor, "has_next": cursor is not None}


def pagination(paging: Paging, total: int) -> dict[str, Any]:
    pages = -(-total // paging.limit)
    return {
        "page": paging.page,
        "limit": paging.limit,
        "total": total,
        "total_pages": pages,
        "has_next": paging.page < pages,
        "has_prev": paging.page > 1 and total > 0,
    }


def answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A ready body that nobody may keep."""
    return Response(body, status, NO_STORE | dict(headers or {}), "application/json")


def etag_of(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def cached_answer(request: Request, body: bytes, max_age_s: int, *, etag: str, personal: bool = False) -> Response:
    """A body that the client may keep, or 304 when it has that very one (RFC 9110, If-None-Match).

    `personal`: another person on the same phone must not be shown it.
    """
    headers = {"cache-control": f"private, max-age={max_age_s}", "etag": etag}
    if personal:
        headers["vary"] = "Authorization, Cookie"
    known = request.headers.get("if-none-match")
    if known and (etag in known or known.strip() == "*"):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
