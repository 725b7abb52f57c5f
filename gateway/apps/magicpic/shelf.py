"""The catalog as the gateway remembers it: ready answers, and every style by its id."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from contracts.envelope import Request
from contracts.errors import ServiceError
from contracts.events.catalog import CategoryPublished, ChallengeStarted, StylePublished, StyleUsed
from contracts.rpc.catalog import GetFront, GetStyle, ListCategories, ListStyles, ListTrending
from contracts.rpc.creation import FREE_STYLE_ID
from gateway.answers import etag_of, items_of, listing
from gateway.apps.magicpic.creation_shapes import StylesQuery
from gateway.memory import Memory
from gateway.tap import Tap
from kernel.caller import Caller

ALL = 0
BOOK_TIMEOUT_S = 2.0
FRONT_TIMEOUT_S = 1.0


class Kept(NamedTuple):
    """A ready body and its strong ETag."""

    body: bytes
    etag: str


class _Identified(msgspec.Struct):
    id: int


_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_identified = msgspec.json.Decoder(_Identified)


class Shelf:
    """Kept until catalog says that it has changed. Who has been asked for a list answers from here."""

    def __init__(self, caller: Caller, tap: Tap) -> None:
        self._caller = caller
        self._answers: Memory[Kept] = Memory(lambda: tap.hears)
        self._books: Memory[dict[int, bytes]] = Memory(lambda: tap.hears)
        self._ever_seen: dict[int, bytes] = {}
        for memory in (self._answers, self._books):
            tap.on_gap(memory.forget)
            tap.hook(CategoryPublished, _calling(memory.forget))
            tap.hook(StylePublished, _calling(memory.forget))
            tap.hook(ChallengeStarted, _calling(memory.forget))
            tap.hook(StyleUsed, _calling(memory.forget_soon))

    async def categories(self) -> Kept:
        return await self._whole_list(ListCategories())

    async def trending(self) -> Kept:
        return await self._whole_list(ListTrending())

    async def styles(self, query: StylesQuery) -> Kept:
        async def fetch() -> bytes:
            found = items_of(await self._caller.call(ListStyles(**query.model_dump())))
            return listing(bytes(found.items), found.total, query)

        return await self._kept(("styles", *query.model_dump().values()), fetch)

    async def front(self) -> bytes:
        """What catalog has on the first page, as it came."""
        kept = await self._kept("front", lambda: self._caller.call(GetFront(), timeout_s=FRONT_TIMEOUT_S))
        return kept.body

    async def style(self, style_id: int) -> bytes:
        """A style's detail, not yet in its envelope. Errors: STYLE_NOT_FOUND."""
        if not await self.offers(style_id):
            raise ServiceError("STYLE_NOT_FOUND", "Style not found.")
        kept = await self._kept(("style", style_id), lambda: self._caller.call(GetStyle(style_id=style_id)))
        return kept.body

    async def offers(self, style_id: int) -> bool:
        """Whether there is such a style, and it is active."""
        try:
            return style_id in await self._book()
        except ServiceError:
            if style_id in self._ever_seen:
                return True  # who is asked next will know
            raise

    async def styles_for_nesting(self) -> Mapping[int, bytes]:
        """Every style ever seen, as it is now or was last: a creation shows its style even when catalog is away."""
        try:
            await self._book()
        except ServiceError:
            if not self._ever_seen:
                raise
        return self._ever_seen

    async def _book(self) -> dict[int, bytes]:
        async def fetch() -> dict[int, bytes]:
            reply = await self._caller.call(ListStyles(limit=ALL), timeout_s=BOOK_TIMEOUT_S)
            items = _raw_list.decode(items_of(reply).items)
            book = {_identified.decode(item).id: bytes(item) for item in items}
            self._ever_seen |= book
            return book

        return await self._books.get("all", fetch)

    async def _whole_list(self, request: Request[Any]) -> Kept:
        async def fetch() -> bytes:
            items = items_of(await self._caller.call(request)).items
            return listing(bytes(items), len(_raw_list.decode(items)))

        return await self._kept(request.SUBJECT, fetch)

    async def _kept(self, key: Hashable, fetch: Callable[[], Awaitable[bytes]]) -> Kept:
        async def fetch_and_name() -> Kept:
            body = await fetch()
            return Kept(body, etag_of(body))

        return await self._answers.get(key, fetch_and_name)


def nest_style(creation: dict[str, Any], styles: Mapping[int, bytes]) -> dict[str, Any]:
    """The creation with its `style` in the place of `style_id`."""
    creation["style"] = style_in(styles, creation.pop("style_id"))
    return creation


def style_in(styles: Mapping[int, bytes], style_id: int) -> Any:
    """The style, ready to be put into an answer."""
    known = styles.get(style_id)
    return orjson.Fragment(known) if known else retired(style_id)


def retired(style_id: int) -> dict[str, Any]:
    """What stands for a style that is no longer offered, or was never one, because the picture was made from words
    alone: nothing in it is missing that a client may look for.
    """
    category = {
        "id": 0,
        "name": "",
        "slug": "",
        "icon": "",
        "description": "",
        "preview_url": None,
        "display_order": 0,
        "styles_count": 0,
    }
    return {
        "id": style_id,
        "name": "Imagined" if style_id == FREE_STYLE_ID else "Retired style",
        "slug": "",
        "description": "",
        "preview_url": None,
        "category": category,
        "uses_count": 0,
        "is_trending": False,
        "is_new": False,
        "tags": [],
        "credits_required": 0,
    }


def _calling(callback: Callable[[], None]) -> Callable[[Mapping[str, Any]], None]:
    return lambda _: callback()
