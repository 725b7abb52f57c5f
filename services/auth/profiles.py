"""What people change about themselves."""

import re

from minio.error import MinioException
from uuid_utils.compat import uuid7

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from kernel.logging import log
from kernel.objects import TROUBLE, Objects, away
from services.auth import domain
from services.auth.credentials import checked_name, checked_phone
from services.auth.domain import ACCOUNT
from services.auth.places import AVATARS, Places
from services.auth.private import ProfileChanges
from services.auth.queries import LARGE, SMALL, Queries

INCOMING = re.compile(r"incoming/[0-9a-f]{32}/")


class Profiles:
    def __init__(self, commands: CommandBus, queries: Queries, places: Places, objects: Objects) -> None:
        self._commands = commands
        self._queries = queries
        self._places = places
        self._objects = objects

    async def update(self, request: rpc.UpdateProfile) -> rpc.UpdatedUser:
        """Errors: USER_NOT_FOUND, VALIDATION_ERROR, PHONE_EXISTS, SERVICE_UNAVAILABLE."""
        name = None if request.name is None else checked_name(request.name)
        phone = checked_phone(request.phone) if request.phone else request.phone
        if request.avatar_folder is None:
            await self._change(request.user_id, ProfileChanges(name, phone, None))
        else:
            await self._change_with_avatar(request.user_id, name, phone, request.avatar_folder)
        person = await self._queries.existing(request.user_id)
        return rpc.UpdatedUser(**self._queries.user_of(person).model_dump(), phone=person["phone"])

    async def _change_with_avatar(self, user_id: int, name: str | None, phone: str | None, incoming: str) -> None:
        await self._queries.existing(user_id)  # nothing is copied for nobody
        place = await self._adopt(user_id, incoming)
        try:
            await self._change(user_id, ProfileChanges(name, phone, place))
        except ServiceError as error:
            if error.code != "SERVICE_UNAVAILABLE":  # else it may have been kept all the same: the sweeper will know
                await self._clear(user_id, unwanted=place)
            raise
        await self._clear(user_id)

    async def _change(self, user_id: int, changes: ProfileChanges) -> None:
        command = domain.UpdateProfile(
            user_id,
            name=changes.name is not None,
            phone=changes.phone is not None,
            avatar=changes.avatar_folder is not None,
        )
        # With a key the bus may try again when the database went away during the commit.
        await self._commands.execute(ACCOUNT, user_id, command, key=f"profile:{uuid7()}", private=changes)

    async def _adopt(self, user_id: int, incoming: str) -> str:
        """Copy what was uploaded to a place of this person's own."""
        if not INCOMING.fullmatch(incoming):
            raise ServiceError("VALIDATION_ERROR", "The request is not valid.", {"avatar_folder": "Must be incoming."})
        place = await self._places.reserve(AVATARS, user_id)
        try:
            for size in (LARGE, SMALL):
                await self._objects.copy(incoming + size, place + size)
        except MinioException as error:
            await self._clear(user_id, unwanted=place)
            fault = "The picture was lost on its way. Please send it again."
            raise ServiceError("VALIDATION_ERROR", fault, {"avatar": fault}) from error
        except TROUBLE as error:
            raise away(error) from error
        return place

    async def _clear(self, user_id: int, *, unwanted: str | None = None) -> None:
        """The former avatar, or the new one that is not to be. What cannot be removed now is swept away later."""
        try:
            if unwanted:
                await self._places.give_up(unwanted)
            else:
                await self._places.clear(user_id)
        except ServiceError as error:
            log.warning("an avatar is left to the sweeper", error=error.code)
