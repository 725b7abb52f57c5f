"""Every read of auth."""

from datetime import UTC, datetime

import asyncpg
import msgspec
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from kernel.objects import Objects
from kernel.store import streams
from services.auth.achievements import BY_SLUG
from services.auth.domain import STATS, RoleTooSmall, Stats, UserNotFound, reaches
from services.auth.tables import accounts, google_accounts, people

MOST_PEOPLE = 1000
REFUSALS = {"moderator": "Only moderators may do this.", "admin": "Only administrators may do this."}
LARGE, SMALL = "512.jpg", "128.jpg"
"""An avatar's two pictures in its folder, by their sides in pixels."""

_PERSON = sa.select(people, accounts.c.role, accounts.c.suspended, accounts.c.ends, accounts.c.leaving).join(
    accounts, accounts.c.user_id == people.c.user_id
)
_BY_ID = Query(_PERSON.where(people.c.user_id == sa.bindparam("user_id")))
_BY_EMAIL = Query(_PERSON.where(people.c.email_folded == sa.bindparam("email_folded")))
_BY_SUBJECT = Query(
    _PERSON.join(google_accounts, google_accounts.c.user_id == people.c.user_id).where(
        google_accounts.c.subject == sa.bindparam("subject")
    )
)
_BY_REFERRAL_CODE = Query(sa.select(people.c.user_id).where(people.c.referral_code == sa.bindparam("code")))
_FACES = Query(
    sa.select(people.c.user_id, people.c.name, people.c.avatar_folder).where(
        people.c.user_id == sa.func.any(sa.bindparam("user_ids", type_=sa.ARRAY(sa.BigInteger)))
    )
)
_STATE = Query(sa.select(streams.c.state).where(streams.c.stream_id == sa.bindparam("stream_id")))
_decode_stats = msgspec.json.Decoder(Stats).decode


class Queries:
    def __init__(self, database: Database, objects: Objects, clock: Clock) -> None:
        self._database = database
        self._objects = objects
        self._clock = clock

    async def person_with(self, email_folded: str) -> asyncpg.Record | None:
        """The whole row of `people`, with the password's hash, and the account's standing at that moment."""
        return await self._database.row(_BY_EMAIL, email_folded=email_folded)

    async def person(self, user_id: int) -> asyncpg.Record | None:
        return await self._database.row(_BY_ID, user_id=user_id)

    async def person_with_google(self, subject: str) -> asyncpg.Record | None:
        return await self._database.row(_BY_SUBJECT, subject=subject)

    async def referrer(self, code: str) -> int | None:
        """Whose referral code it is, in whatever case it was typed."""
        found: int | None = await self._database.value(_BY_REFERRAL_CODE, code=code.replace("\0", "").strip().upper())
        return found

    async def existing(self, user_id: int) -> asyncpg.Record:
        """The whole row of `people`. Errors: USER_NOT_FOUND."""
        person = await self.person(user_id)
        if person is None:
            raise UserNotFound
        return person

    async def me(self, request: rpc.Me) -> rpc.User:
        """Errors: USER_NOT_FOUND."""
        return self.user_of(await self.existing(request.user_id))

    async def standing(self, request: rpc.GetStanding) -> rpc.Standing:
        """Errors: USER_NOT_FOUND."""
        person = await self.existing(request.user_id)
        return rpc.Standing(role=person["role"], suspended=person["suspended"])

    async def require_role(self, request: rpc.RequireRole) -> rpc.Standing:
        """Errors: PERMISSION_DENIED."""
        person = await self.person(request.user_id)
        if person is None or person["suspended"] or not reaches(person["role"], request.role):
            raise RoleTooSmall(request.refusal or REFUSALS[request.role])
        return rpc.Standing(role=person["role"], suspended=False)

    async def profile(self, request: rpc.GetProfile) -> rpc.Profile:
        """Errors: USER_NOT_FOUND."""
        person = await self.existing(request.user_id)
        stats = await self.stats(request.user_id)
        return rpc.Profile(
            **self.user_of(person).model_dump(),
            phone=person["phone"],
            referral_code=person["referral_code"],
            stats=_shown(stats, self._clock()),
            achievements=achievements_of(stats),
        )

    async def stats(self, user_id: int) -> Stats:
        state = await self._database.value(_STATE, stream_id=STATS.stream(user_id))
        return _decode_stats(state) if state else STATS.initial

    async def people(self, request: rpc.PeopleByIds) -> rpc.People:
        """Those of the ids that are anyone's. Errors: VALIDATION_ERROR for too many at once."""
        ids = list(set(request.user_ids))
        if len(ids) > MOST_PEOPLE:
            raise ServiceError("VALIDATION_ERROR", f"At most {MOST_PEOPLE} people can be asked for at once.")
        rows = await self._database.rows(_FACES, user_ids=ids)
        faces = {
            row["user_id"]: {"id": row["user_id"], "name": row["name"], "avatar_url": self.avatar(row, SMALL)}
            for row in rows
        }
        return rpc.People(people=faces)

    def user_of(self, person: asyncpg.Record) -> rpc.User:
        return rpc.User(
            id=person["user_id"],
            email=person["email"] or "",
            name=person["name"],
            avatar_url=self.avatar(person, LARGE),
            is_verified=person["is_verified"],
            created_at=iso(person["created_at"]),
            role=person["role"],
        )

    def avatar(self, person: asyncpg.Record, size: str) -> str | None:
        folder = person["avatar_folder"]
        return self._objects.url(folder + size) if folder else None


def _shown(stats: Stats, now: datetime) -> rpc.Stats:
    tally = stats.tally
    return rpc.Stats(
        creations_count=tally.creations,
        public_creations=tally.public,
        total_likes=tally.likes,
        battle_wins=tally.wins,
        battle_participations=tally.battles,
        votes_cast=tally.votes,
        current_streak=stats.streaks.current(now.astimezone(UTC).date()),
        longest_streak=stats.streaks.longest,
    )


def achievements_of(stats: Stats) -> list[rpc.Achievement]:
    """In the order in which they were awarded. What is no longer offered is not shown."""
    awarded = sorted(stats.awarded.items(), key=lambda item: item[1])
    return [
        rpc.Achievement(slug=slug, name=found.name, description=found.description, icon=found.icon, awarded_at=iso(at))
        for slug, at in awarded
        if (found := BY_SLUG.get(slug))
    ]
