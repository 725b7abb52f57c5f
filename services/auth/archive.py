"""A ZIP of all that is kept of one person: readable JSON per service, and their pictures. Never whole in memory."""

import asyncio
import json
import tempfile
import zipfile
from os import SEEK_END
from typing import IO, Any

import asyncpg
import msgspec
import orjson

from contracts.errors import ServiceError
from contracts.rpc.battle import ExportBattles
from contracts.rpc.creation import ExportCreations
from contracts.rpc.exporting import ExportPage
from contracts.rpc.ledger import ExportHistory
from contracts.rpc.notify import ExportNotifications
from contracts.rpc.social import ExportSocial
from kernel.caller import Caller
from kernel.db import Database
from kernel.objects import Objects
from services.auth.queries import LARGE, Queries, achievements_of

FILE_NAME = "magicpic-export.zip"
ASK_TIMEOUT_S = 10.0
NOT_FOR_EXPORT = frozenset({"password_hash", "email_folded", "avatar_folder"})
"""Of the row of `people`: a secret, and how we compare and where we put things."""
SESSIONS = "SELECT to_json(s) FROM sessions s WHERE user_id = $1"
Pages = (
    type[ExportBattles] | type[ExportCreations] | type[ExportHistory] | type[ExportNotifications] | type[ExportSocial]
)
SERVICES: tuple[tuple[str, Pages], ...] = (
    ("creations", ExportCreations),
    ("social", ExportSocial),
    ("battles", ExportBattles),
    ("credits", ExportHistory),
    ("notifications", ExportNotifications),
)
README = """This is all that MagicPic keeps of you.

account.json        who you are, and what you have achieved
creations.json      every picture that you asked for; the pictures themselves are in pictures/
social.json         what you liked, kept, looked at, shared, reported and said about pictures, and your tags
battles.json        your votes and your battles
credits.json        what you earned and spent
notifications.json  your devices, what you want to be told, and what you were told
"""


class Archivist:
    def __init__(self, database: Database, queries: Queries, caller: Caller, objects: Objects) -> None:
        self._database = database
        self._queries = queries
        self._caller = caller
        self._objects = objects

    async def write(self, user_id: int, place: str) -> bool:
        """Put everything there as one ZIP; False when there is no such person any more.

        Errors: a service's own; what the object storage raises.
        """
        with tempfile.TemporaryFile() as file:
            try:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                    await self._collect(user_id, archive)
            except ServiceError as error:
                if error.code == "USER_NOT_FOUND":
                    return False
                raise
            length = file.seek(0, SEEK_END)
            file.seek(0)
            await self._objects.put(place + FILE_NAME, file, "application/zip", length)
        return True

    async def _collect(self, user_id: int, archive: zipfile.ZipFile) -> None:
        person = await self._queries.existing(user_id)
        archive.writestr("README.txt", README)
        archive.writestr("account.json", _json(await self._account(person)))
        files: dict[str, str] = {}
        for name, request in SERVICES:
            with archive.open(f"{name}.json", "w") as file:
                files |= await self._write_pages(file, request, user_id)
        if person["avatar_folder"]:
            files["avatar.jpg"] = person["avatar_folder"] + LARGE
        for path, key in files.items():
            await self._add_picture(archive, f"pictures/{path}", key)

    async def _account(self, person: asyncpg.Record) -> dict[str, Any]:
        user_id = person["user_id"]
        stats = await self._queries.stats(user_id)
        return {
            **{name: value for name, value in person.items() if name not in NOT_FOR_EXPORT},
            "sessions": await self._sessions(user_id),
            "stats": msgspec.to_builtins(stats.tally),
            "visits": msgspec.to_builtins(stats.streaks),
            "achievements": [found.model_dump() for found in achievements_of(stats)],
        }

    async def _sessions(self, user_id: int) -> list[Any]:
        async with self._database.write() as connection:
            return [json.loads(row[0]) for row in await connection.fetch(SESSIONS, user_id)]

    async def _write_pages(self, file: IO[bytes], request: Pages, user_id: int) -> dict[str, str]:
        """One JSON list of all pages' records; returns the pictures that belong to them."""
        files: dict[str, str] = {}
        after: int | None = 0
        written = 0
        file.write(b"[")
        while after is not None:
            page: ExportPage = await self._caller.ask(request(user_id=user_id, after=after), timeout_s=ASK_TIMEOUT_S)
            for record in page.records:
                file.write((b",\n" if written else b"\n") + _json(record))
                written += 1
            files |= page.files
            after = page.next
        file.write(b"\n]\n")
        return files

    async def _add_picture(self, archive: zipfile.ZipFile, path: str, key: str) -> None:
        """As it is: pictures are compressed already. One that was deleted meanwhile is left out."""
        try:
            picture = await self._objects.get(key)
        except KeyError:
            return
        await asyncio.to_thread(archive.writestr, path, picture, zipfile.ZIP_STORED)


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)
