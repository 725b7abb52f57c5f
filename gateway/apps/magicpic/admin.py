"""What admins may: find accounts, change roles, suspend, and see who did what."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from contracts.rpc import auth
from contracts.rpc.auth import ChangeRole, ListAdminActions, ListUsers, RestoreUser, SuspendUser
from gateway.answers import Paging, answer, envelope, items_of, listing
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.documentation import Documentation
from gateway.routing import ADMIN, endpoint, user_of
from kernel.caller import Caller

TAG = "Administration"
CHANGED = Documentation(
    TAG,
    shapes.Answer[auth.AdminUser],
    examples.answer(examples.ADMIN_USER),
    errors=("VALIDATION_ERROR", "PERMISSION_DENIED", "USER_NOT_FOUND", "BODY_TOO_LARGE"),
)


class Admin:
    """The token's role is checked before any of this; auth checks its own word once more."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @endpoint(
        "GET",
        "/api/admin/users",
        ADMIN,
        Documentation(
            TAG,
            shapes.PagedListing[auth.AdminUser],
            examples.paged([examples.ADMIN_USER]),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def admin_users(self, request: Request, query: Annotated[account_shapes.UsersQuery, Query()]) -> Response:
        """Find accounts

        Newest first, guests included.
        """
        found = items_of(await self._caller.call(ListUsers(by=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query))

    @endpoint("PUT", "/api/admin/users/{user_id:id}/role", ADMIN, CHANGED)
    async def change_role(self, request: Request, user_id: int, body: account_shapes.RoleBody) -> Response:
        """Change a role

        The account's access tokens are void at once; refreshing brings one with the new role. The last admin stays one.
        """
        return await self._change(ChangeRole(by=user_of(request), user_id=user_id, **body.model_dump()))

    @endpoint("POST", "/api/admin/users/{user_id:id}/suspend", ADMIN, CHANGED)
    async def suspend(self, request: Request, user_id: int, body: shapes.ReasonBody) -> Response:
        """Suspend an account

        Its sessions end, and nobody can sign in to it.
        """
        return await self._change(SuspendUser(by=user_of(request), user_id=user_id, reason=body.reason))

    @endpoint("POST", "/api/admin/users/{user_id:id}/restore", ADMIN, CHANGED)
    async def restore(self, request: Request, user_id: int, body: shapes.ReasonBody) -> Response:
        """Restore a suspended account"""
        return await self._change(RestoreUser(by=user_of(request), user_id=user_id, reason=body.reason))

    @endpoint(
        "GET",
        "/api/admin/actions",
        ADMIN,
        Documentation(
            TAG,
            shapes.PagedListing[auth.AdminAction],
            examples.paged([examples.ADMIN_ACTION]),
            errors=("VALIDATION_ERROR", "PERMISSION_DENIED"),
        ),
    )
    async def admin_actions(self, request: Request, query: Annotated[Paging, Query()]) -> Response:
        """Show who did what to whom, why and when

        Newest first. `by` 0 is an operator at the command line.
        """
        found = items_of(await self._caller.call(ListAdminActions(by=user_of(request), **query.model_dump())))
        return answer(listing(bytes(found.items), found.total, query))

    async def _change(self, command: ChangeRole | SuspendUser | RestoreUser) -> Response:
        return answer(envelope(await self._caller.call(command)))
