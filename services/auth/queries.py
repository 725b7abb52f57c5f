"""Every read of auth."""

import asyncpg
import sqlalchemy as sa

from contracts.errors import ServiceError
from contracts.rpc.auth import Me, People, PeopleByIds, User
from kernel.clock import iso
from kernel.db import Database, Query
from services.auth.domain import UserNotFound
from services.auth.tables import accounts, google_accounts, people

MOST_PEOPLE = 1000

_PERSON = sa.select(people, accounts.c.role, accounts.c.suspended, accounts.c.ends).join(
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
    sa.select(people.c.user_id, people.c.name, people.c.avatar_url).where(
        people.c.user_id == sa.func.any(sa.bindparam("user_ids", type_=sa.ARRAY(sa.BigInteger)))
    )
)


class Queries:
    def __init__(self, database: Database) -> None:
        self._database = database

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

    async def me(self, request: Me) -> User:
        """Errors: USER_NOT_FOUND."""
        return user_of(await self.existing(request.user_id))

    async def people(self, request: PeopleByIds) -> People:
        """Those of the ids that are anyone's. Errors: VALIDATION_ERROR for too many at once."""
        ids = list(set(request.user_ids))
        if len(ids) > MOST_PEOPLE:
            raise ServiceError("VALIDATION_ERROR", f"At most {MOST_PEOPLE} people can be asked for at once.")
        rows = await self._database.rows(_FACES, user_ids=ids)
        faces = {
            row["user_id"]: {"id": row["user_id"], "name": row["name"], "avatar_url": row["avatar_url"]} for row in rows
        }
        return People(people=faces)


def user_of(person: asyncpg.Record) -> User:
    return User(
        id=person["user_id"],
        email=person["email"] or "",
        name=person["name"],
        avatar_url=person["avatar_url"],
        is_verified=person["is_verified"],
        created_at=iso(person["created_at"]),
        role=person["role"],
    )
