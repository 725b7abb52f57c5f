"""The door out: taking one's data along, and having it all deleted."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import AskToDelete, DeletionDue, ExportStatus, GetExport, RequestDeletion
from gateway.answers import answer, done, envelope
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.documentation import ACCEPTED, SUCCESS, Documentation
from gateway.limits import Addresses
from gateway.routing import MEMBER, endpoint, user_of
from kernel.caller import Caller

TAG = "Accounts"
READY = "Your data is ready for download."
PREPARING = "Your data is being collected. Ask again in a moment."
SENT = "Code sent to your email"
LEAVING = "Your account will be deleted. Sign in before then to keep it."


class DoorOut:
    def __init__(self, caller: Caller, addresses: Addresses) -> None:
        self._caller = caller
        self._addresses = addresses

    @endpoint(
        "GET",
        "/api/users/export",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[ExportStatus],
            examples.answer(examples.EXPORT_READY, READY),
            errors=("USER_NOT_FOUND", "PERMISSION_DENIED"),
            accepted=(shapes.Answer[ExportStatus], examples.answer(examples.EXPORT_PREPARING, PREPARING)),
        ),
    )
    async def export(self, request: Request) -> Response:
        """Take my data along

        A ZIP of everything that is kept of me, and my pictures. The first request has it made and answers 202; ask
        again until it is ready. For an hour the same one is given, after that a new one is made. Each is deleted after
        a day.
        """
        found = await self._caller.call(GetExport(user_id=user_of(request)))
        ready = orjson.loads(found)["status"] == "ready"
        message, status = (READY, SUCCESS) if ready else (PREPARING, ACCEPTED)
        return answer(envelope(found, message), status=status)

    @endpoint(
        "POST",
        "/api/users/me/deletion-code",
        MEMBER,
        Documentation(TAG, shapes.Done, examples.done(SENT), errors=("USER_NOT_FOUND", "PERMISSION_DENIED")),
    )
    async def ask_to_delete(self, request: Request) -> Response:
        """Ask for a code to delete my account with

        By mail: for accounts without a password.
        """
        await self._caller.call(AskToDelete(user_id=user_of(request), ip=self._addresses.of(request.scope)))
        return answer(done(SENT))

    @endpoint(
        "DELETE",
        "/api/users/me",
        MEMBER,
        Documentation(
            TAG,
            shapes.Answer[DeletionDue],
            examples.answer({"due_at": "2026-03-04T06:29:40.000Z"}, LEAVING),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_OTP",
                "USER_NOT_FOUND",
                "ACCOUNT_LOCKED",
                "PERMISSION_DENIED",
                "BODY_TOO_LARGE",
            ),
        ),
    )
    async def delete_account(self, request: Request, body: account_shapes.DeleteAccountBody) -> Response:
        """Delete my account

        Asks for the password once more, or for the `code` or the link's `token` of a mail. At `due_at` everything
        personal is erased for good; signing in before then cancels it.
        """
        command = RequestDeletion(user_id=user_of(request), ip=self._addresses.of(request.scope), **body.model_dump())
        return answer(envelope(await self._caller.call(command), LEAVING))
