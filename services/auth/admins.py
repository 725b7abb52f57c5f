"""What admins and operators do to accounts. Who is no admin by auth's own word is refused, whatever a token says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from kernel.db import Database
from services.auth.admin_queries import AdminQueries
from services.auth.credentials import folded
from services.auth.domain import (
    ACCOUNT,
    ADMIN,
    EndAccess,
    Restore,
    SetRole,
    Suspend,
    UserNotFound,
)
from services.auth.sessions import Sessions

OPERATOR = 0
BY_OPERATOR = "by an operator"
ADMIN_SUSPENDS = "admin"
CHANGES = 3
"""The number of the advisory lock; the kernel has 1 and 2."""
LONGEST_REASON = 500


class NotAnAdmin(ServiceError):
    def __init__(self) -> None:
        super().__init__("PERMISSION_DENIED", "Only an admin may do this.")


class Admins:
    def __init__(self, database: Database, commands: CommandBus, queries: AdminQueries, sessions: Sessions) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._sessions = sessions
        self._changing = asyncio.Lock()

    async def users(self, request: rpc.ListUsers) -> rpc.AdminUserPage:
        await self._check(request.by)
        return await self._queries.users(request)

    async def actions(self, request: rpc.ListAdminActions) -> rpc.AdminActionPage:
        await self._check(request.by)
        return await self._queries.actions(request)

    async def change_role(self, request: rpc.ChangeRole) -> rpc.AdminUser:
        """Errors: PERMISSION_DENIED, USER_NOT_FOUND, VALIDATION_ERROR."""
        await self._check(request.by)
        return await self._set_role(request.user_id, request.role, request.by, _reason(request.reason))

    async def create(self, request: rpc.CreateAdmin) -> rpc.AdminUser:
        """Errors: USER_NOT_FOUND."""
        user_id = await self._queries.id_of(folded(request.email))
        if user_id is None:
            raise UserNotFound
        return await self._set_role(user_id, ADMIN, OPERATOR, BY_OPERATOR)

    async def suspend(self, request: rpc.SuspendUser) -> rpc.AdminUser:
        """Their sessions end with it. Errors: PERMISSION_DENIED, USER_NOT_FOUND."""
        await self._check(request.by)
        user_id, reason = request.user_id, _reason(request.reason)
        async with self._one_change():
            others = await self._queries.admins_beside(user_id)
            await self._commands.execute(ACCOUNT, user_id, Suspend(user_id, request.by, reason, others))
        await self._sessions.end_all(user_id, reason=ADMIN_SUSPENDS)
        return await self._queries.user(user_id)

    async def restore(self, request: rpc.RestoreUser) -> rpc.AdminUser:
        """Errors: PERMISSION_DENIED, USER_NOT_FOUND."""
        await self._check(request.by)
        command = Restore(request.user_id, request.by, _reason(request.reason))
        await self._commands.execute(ACCOUNT, request.user_id, command)
        return await self._queries.user(request.user_id)

    async def _set_role(self, user_id: int, role: str, by: int, reason: str) -> rpc.AdminUser:
        async with self._one_change():
            others = await self._queries.admins_beside(user_id)
            await self._commands.execute(ACCOUNT, user_id, SetRole(user_id, role, by, reason, others))
        await self._commands.execute(ACCOUNT, user_id, EndAccess(user_id))
        return await self._queries.user(user_id)

    async def _check(self, by: int) -> None:
        if not await self._queries.is_admin(by):
            raise NotAnAdmin

    @asynccontextmanager
    async def _one_change(self) -> AsyncIterator[None]:
        """One after another, over all processes: two admins who demote each other at once would leave none.

        The lock is held by a connection of its own, since the command needs one, too; within a process by one at most.
        """
        async with self._changing, self._database.write() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", CHANGES)
            yield


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON:
        fault = f"A reason has 1 to {LONGEST_REASON} characters."
        raise ServiceError("VALIDATION_ERROR", fault, {"reason": fault})
    return reason
