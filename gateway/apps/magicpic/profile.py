"""One's own profile, put together from what several services know."""

import asyncio
from dataclasses import replace

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.auth import GetProfile, UpdateProfile
from contracts.rpc.creation import ListMine
from contracts.rpc.ledger import GetBalance
from gateway.answers import answer, envelope
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.apps.magicpic.following import Json
from gateway.apps.magicpic.gallery import Gallery
from gateway.apps.magicpic.parts import PART_TIMEOUT_S, part
from gateway.bodies import read_json
from gateway.documentation import Documentation
from gateway.errors import invalid_fields
from gateway.routing import MEMBER, USER, endpoint, user_of
from gateway.uploads import Uploads, file_of, multipart_form
from kernel.caller import Caller
from kernel.logging import log

TAG = "Accounts"
UPDATED = "Profile updated successfully"
RECENT = 5
ACCOUNT, CREDITS, RECENT_CREATIONS = "account", "credits", "recent_creations"
_BODY_SCHEMA = account_shapes.ProfileBody.model_json_schema()
_FORM_SCHEMA = {
    **_BODY_SCHEMA,
    "properties": {
        **_BODY_SCHEMA["properties"],
        "avatar": {"type": "string", "format": "binary", "description": "A JPG, PNG or WebP photo of at most 10 MB."},
    },
}
_BODY = {"multipart/form-data": {"schema": _FORM_SCHEMA}, "application/json": {"schema": _BODY_SCHEMA}}
_NO_STATS = {
    "creations_count": 0,
    "public_creations": 0,
    "total_likes": 0,
    "battle_wins": 0,
    "battle_participations": 0,
    "votes_cast": 0,
    "current_streak": 0,
    "longest_streak": 0,
}


class Profile:
    def __init__(
        self, caller: Caller, gallery: Gallery, uploads: Uploads, *, body_timeout_s: float, upload_timeout_s: float
    ) -> None:
        self._caller = caller
        self._gallery = gallery
        self._uploads = uploads
        self._body_timeout_s = body_timeout_s
        self._upload_timeout_s = upload_timeout_s

    @endpoint(
        "GET",
        "/api/users/profile",
        USER,
        Documentation(
            TAG, shapes.Answer[account_shapes.Profile], examples.answer(examples.PROFILE), errors=("USER_NOT_FOUND",)
        ),
    )
    async def profile(self, request: Request) -> Response:
        """Show my profile

        With statistics, achievements and the last five pictures. While a part of the service is away, what it knows is
        empty, and `missing` names it: `account`, `credits` or `recent_creations`.
        """
        user_id = user_of(request)
        account, balance, recent = await asyncio.gather(
            part(self._caller, GetProfile(user_id=user_id)),
            part(self._caller, GetBalance(user_id=user_id)),
            self._recent(user_id),
        )
        parts = {ACCOUNT: account, CREDITS: balance, RECENT_CREATIONS: recent}
        shown = account or _unknown(user_id)
        shown["credits"] = balance["balance"] if balance else 0
        face = {name: shown[name] for name in ("id", "name", "avatar_url")}
        shown["recent_creations"] = [_as_in_the_feed(creation, face) for creation in recent or []]
        shown["missing"] = [name for name, found in parts.items() if found is None]
        return answer(envelope(orjson.dumps(shown)))

    @endpoint(
        "PUT",
        "/api/users/profile",
        replace(MEMBER, uploads="unless json"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.UpdatedUser],
            examples.answer(examples.USER | {"phone": "+919876543210"}, UPDATED),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_IMAGE",
                "USER_NOT_FOUND",
                "PERMISSION_DENIED",
                "REQUEST_TIMEOUT",
                "PHONE_EXISTS",
                "IMAGE_TOO_LARGE",
                "BODY_TOO_LARGE",
            ),
            extra={"requestBody": {"required": True, "content": _BODY}},
        ),
    )
    async def update_profile(self, request: Request) -> Response:
        """Change my profile

        A form, or JSON without the avatar. What is left out stays; an empty phone removes it. Of the avatar the square
        in its middle is kept.
        """
        user_id, folder = user_of(request), None
        if request.headers.get("content-type", "").lower().startswith("application/json"):
            body = await read_json(request, account_shapes.ProfileBody, timeout_s=self._body_timeout_s)
        else:
            async with multipart_form(request, timeout_s=self._upload_timeout_s) as form:
                body = _fields(form)
                if _has_avatar(form):
                    folder = await self._uploads.store_avatar(file_of(form, "avatar"))
        command = UpdateProfile(user_id=user_id, avatar_folder=folder, **body.model_dump())
        try:
            user = orjson.loads(await self._caller.call(command))
        finally:
            if folder:
                await self._uploads.discard_avatar(folder)  # it was copied, or nobody wants it
        balance = await part(self._caller, GetBalance(user_id=user_id))
        user["credits"] = balance["balance"] if balance else 0
        return answer(envelope(orjson.dumps(user), UPDATED))

    async def _recent(self, user_id: int) -> list[Json] | None:
        found = await part(self._caller, ListMine(user_id=user_id, limit=RECENT))
        if found is None:
            return None
        try:
            async with asyncio.timeout(PART_TIMEOUT_S):
                return await self._gallery.own(found["items"])
        except (ServiceError, TimeoutError) as error:
            log.warning("a profile is shown without its pictures", error=repr(error))
            return None


def _unknown(user_id: int) -> Json:
    """What stands for an account that auth cannot tell of: nothing in it is missing that a client may look for."""
    return {
        "id": user_id,
        "email": "",
        "name": "",
        "avatar_url": None,
        "phone": None,
        "is_verified": False,
        "role": "user",
        "referral_code": None,
        "created_at": "",
        "stats": _NO_STATS,
        "achievements": [],
    }


def _as_in_the_feed(creation: Json, face: Json) -> Json:
    """Creations inside other answers have the feed's shape, to their owner too: never the original picture."""
    same = ("id", "generated_image_url", "thumbnail_url", "style", "likes_count", "created_at")
    return {**{name: creation[name] for name in same}, "user": face, "is_liked": False}


def _fields(form: FormData) -> account_shapes.ProfileBody:
    texts = {name: value for name, value in form.items() if isinstance(value, str) and name != "avatar"}
    try:
        return account_shapes.ProfileBody.model_validate(texts)
    except ValidationError as error:
        raise invalid_fields(error) from None


def _has_avatar(form: FormData) -> bool:
    """A form whose file was left empty has a part without a name and without a byte, or an empty text."""
    avatar = form.get("avatar")
    if isinstance(avatar, UploadFile):
        return bool(avatar.filename or avatar.size)
    return bool(avatar)
