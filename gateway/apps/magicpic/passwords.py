"""Passwords that were forgotten, and changing one's own."""

from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import ChangePassword, ForgotPassword, ResetPassword
from gateway.answers import answer, done
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.apps.magicpic.languages import language_of
from gateway.documentation import Documentation
from gateway.limits import Addresses
from gateway.routing import MEMBER, Access, caller_of, endpoint
from kernel.caller import Caller

TAG = "Accounts"
SENT = "Password reset OTP sent to your email"
RESET = "Password reset successfully. Please login."
CHANGED = "Password changed successfully."


class PasswordRoom:
    def __init__(self, caller: Caller, addresses: Addresses) -> None:
        self._caller = caller
        self._addresses = addresses

    @endpoint(
        "POST",
        "/api/auth/forgot-password",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG, shapes.Done, examples.done(SENT), errors=("VALIDATION_ERROR", "INVALID_EMAIL", "BODY_TOO_LARGE")
        ),
    )
    async def forgot_password(self, request: Request, body: account_shapes.EmailBody) -> Response:
        """Ask for a code to reset a password

        The answer is the same whether or not anyone has the address.
        """
        ip, locale = self._addresses.of(request.scope), language_of(request.scope)
        await self._caller.call(ForgotPassword(email=body.email, locale=locale, ip=ip))
        return answer(done(SENT))

    @endpoint(
        "POST",
        "/api/auth/reset-password",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Done,
            examples.done(RESET),
            errors=("VALIDATION_ERROR", "WEAK_PASSWORD", "INVALID_OTP", "BODY_TOO_LARGE"),
        ),
    )
    async def reset_password(self, _: Request, body: account_shapes.ResetPasswordBody) -> Response:
        """Reset a password with the code that was sent

        Signs out everywhere.
        """
        await self._caller.call(ResetPassword(email=body.email, code=body.otp, new_password=body.new_password))
        return answer(done(RESET))

    @endpoint(
        "POST",
        "/api/auth/password",
        MEMBER,
        Documentation(
            TAG,
            shapes.Done,
            examples.done(CHANGED),
            errors=(
                "VALIDATION_ERROR",
                "WEAK_PASSWORD",
                "ACCOUNT_LOCKED",
                "USER_NOT_FOUND",
                "PERMISSION_DENIED",
                "BODY_TOO_LARGE",
            ),
        ),
    )
    async def change_password(self, request: Request, body: account_shapes.ChangePasswordBody) -> Response:
        """Change my password

        Signs out everywhere else. An account without a password gets its first one by `forgot-password`.
        """
        caller = caller_of(request)
        command = ChangePassword(
            user_id=caller.user_id,
            session_id=caller.session_id,
            ip=self._addresses.of(request.scope),
            **body.model_dump(),
        )
        await self._caller.call(command)
        return answer(done(CHANGED))
