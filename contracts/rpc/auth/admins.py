"""What admins and operators do to accounts."""

from typing import ClassVar

from contracts.envelope import Message, Request


class AdminUser(Message):
    """An account as admins see it. A guest's email is null."""

    id: int
    email: str | None
    name: str
    role: str
    suspended: bool
    is_verified: bool
    created_at: str


class AdminUserPage(Message):
    items: list[AdminUser]
    total: int


class ListUsers(Request[AdminUserPage]):
    """`search`: an id, or a part of an address or a name. Newest first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.auth.users"
    by: int
    search: str = ""
    page: int = 1
    limit: int = 20


class ChangeRole(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin, or none would be left), USER_NOT_FOUND, VALIDATION_ERROR."""

    SUBJECT: ClassVar[str] = "rpc.auth.change_role"
    by: int
    user_id: int
    role: str
    reason: str


class SuspendUser(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin, or none would be left), USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.suspend_user"
    by: int
    user_id: int
    reason: str


class RestoreUser(Request[AdminUser]):
    """Errors: PERMISSION_DENIED (`by` is no admin), USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.restore_user"
    by: int
    user_id: int
    reason: str


class AdminAction(Message):
    """`action`: `role_changed`, `suspended` or `restored`. `by` 0 is an operator. Names are null for those who left."""

    id: int
    action: str
    by: int
    by_name: str | None
    user_id: int
    user_name: str | None
    role: str | None
    reason: str
    at: str


class AdminActionPage(Message):
    items: list[AdminAction]
    total: int


class ListAdminActions(Request[AdminActionPage]):
    """Newest first. Errors: PERMISSION_DENIED."""

    SUBJECT: ClassVar[str] = "rpc.auth.admin_actions"
    by: int
    page: int = 1
    limit: int = 20


class CreateAdmin(Request[AdminUser]):
    """For operators: makes the account with this address an admin. Errors: USER_NOT_FOUND."""

    SUBJECT: ClassVar[str] = "rpc.auth.create_admin"
    email: str
