"""What admins look at."""

from typing import Any

import asyncpg
import sqlalchemy as sa

from contracts.rpc import auth as rpc
from kernel.clock import iso
from kernel.db import Database, Query
from services.auth.credentials import folded
from services.auth.domain import ADMIN, UserNotFound
from services.auth.tables import accounts, admin_actions, people

LONGEST_ID = 15
_SHOWN = sa.select(
    people.c.user_id,
    people.c.email,
    people.c.name,
    people.c.is_verified,
    people.c.created_at,
    accounts.c.role,
    accounts.c.suspended,
).join(accounts, accounts.c.user_id == people.c.user_id)
_MATCHES = sa.or_(
    people.c.user_id == sa.bindparam("id", type_=sa.BigInteger),
    people.c.email_folded.like(sa.bindparam("pattern"), escape="\\"),
    people.c.name.ilike(sa.bindparam("pattern"), escape="\\"),
)
_FOUND = Query(
    _SHOWN.where(_MATCHES)
    .order_by(people.c.user_id.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .offset(sa.bindparam("offset", type_=sa.Integer))
)
_HOW_MANY = Query(
    sa.select(sa.func.count())
    .select_from(people.join(accounts, accounts.c.user_id == people.c.user_id))
    .where(_MATCHES)
)
_ONE = Query(_SHOWN.where(people.c.user_id == sa.bindparam("user_id")))
_ACTIVE_ADMIN = sa.and_(accounts.c.role == ADMIN, sa.not_(accounts.c.suspended))
_IS_ADMIN = Query(sa.select(sa.literal(1)).where(accounts.c.user_id == sa.bindparam("user_id"), _ACTIVE_ADMIN))
_ADMINS_BESIDE = Query(
    sa.select(sa.func.count()).select_from(accounts).where(accounts.c.user_id != sa.bindparam("user_id"), _ACTIVE_ADMIN)
)
_ID_OF = Query(sa.select(people.c.user_id).where(people.c.email_folded == sa.bindparam("email_folded")))
_ACTOR, _TARGET = people.alias("actor"), people.alias("target")
_ACTIONS = Query(
    sa.select(admin_actions, _ACTOR.c.name.label("by_name"), _TARGET.c.name.label("user_name"))
    .select_from(
        admin_actions.outerjoin(_ACTOR, _ACTOR.c.user_id == admin_actions.c.by).outerjoin(
            _TARGET, _TARGET.c.user_id == admin_actions.c.user_id
        )
    )
    .order_by(admin_actions.c.position.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .offset(sa.bindparam("offset", type_=sa.Integer))
)
_HOW_MANY_ACTIONS = Query(sa.select(sa.func.count()).select_from(admin_actions))


class AdminQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_admin(self, user_id: int) -> bool:
        return await self._database.value(_IS_ADMIN, user_id=user_id) is not None

    async def admins_beside(self, user_id: int) -> int:
        """How many others could still administrate."""
        count: int = await self._database.value(_ADMINS_BESIDE, user_id=user_id)
        return count

    async def id_of(self, email_folded: str) -> int | None:
        user_id: int | None = await self._database.value(_ID_OF, email_folded=email_folded)
        return user_id

    async def user(self, user_id: int) -> rpc.AdminUser:
        """Errors: USER_NOT_FOUND."""
        row = await self._database.row(_ONE, user_id=user_id)
        if row is None:
            raise UserNotFound
        return _user(row)

    async def users(self, request: rpc.ListUsers) -> rpc.AdminUserPage:
        wanted = folded(request.search)
        is_id = wanted.isascii() and wanted.isdecimal() and len(wanted) <= LONGEST_ID
        match: dict[str, Any] = {"pattern": f"%{_literal(wanted)}%", "id": int(wanted) if is_id else 0}
        rows = await self._database.rows(_FOUND, **match, **_part(request.page, request.limit))
        total = await self._database.value(_HOW_MANY, **match)
        return rpc.AdminUserPage(items=[_user(row) for row in rows], total=total)

    async def actions(self, request: rpc.ListAdminActions) -> rpc.AdminActionPage:
        rows = await self._database.rows(_ACTIONS, **_part(request.page, request.limit))
        total = await self._database.value(_HOW_MANY_ACTIONS)
        return rpc.AdminActionPage(items=[_action(row) for row in rows], total=total)


def _part(page: int, limit: int) -> dict[str, int]:
    return {"limit": limit, "offset": (page - 1) * limit}


def _literal(text: str) -> str:
    """As a part of a LIKE pattern."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return text


def _user(row: asyncpg.Record) -> rpc.AdminUser:
    return rpc.AdminUser(
        id=row["user_id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        suspended=row["suspended"],
        is_verified=row["is_verified"],
        created_at=iso(row["created_at"]),
    )


def _action(row: asyncpg.Record) -> rpc.AdminAction:
    return rpc.AdminAction(
        id=row["position"],
        action=row["action"],
        by=row["by"],
        by_name=row["by_name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        role=row["role"],
        reason=row["reason"],
        at=iso(row["at"]),
    )
