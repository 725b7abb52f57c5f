"""Accounts and sessions."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import ArriveAsGuest, LogIn, Me, Refresh, SignUp
from gateway.answers import answer, envelope
from gateway.apps.magicpic import account_shapes, examples, shapes
from gateway.apps.magicpic.languages import language_of
from gateway.apps.magicpic.newcomers import Newcomers
from gateway.apps.magicpic.purses import Purses
from gateway.cookies import REFRESH, credentials, session_answer
from gateway.documentation import MAYBE_SIGNED_IN, Documentation
from gateway.routing import USER, Access, Guard, endpoint, user_of
from gateway.security import bearer
from kernel.caller import Caller

TAG = "Accounts"
WELCOME = "Account created successfully. Please verify your email."


class Auth:
    def __init__(self, caller: Caller, purses: Purses, guard: Guard) -> None:
        self._caller = caller
        self._purses = purses
        self._addresses = guard.addresses
        self._newcomers = Newcomers(guard.tokens, purses)

    @endpoint(
        "POST",
        "/api/auth/signup",
        Access(signed_in=False, rate="signup"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.Session],
            examples.answer(examples.SESSION, WELCOME),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_EMAIL",
                "WEAK_PASSWORD",
                "INVALID_REFERRAL_CODE",
                "EMAIL_EXISTS",
                "PHONE_EXISTS",
                "INVALID_TOKEN",
                "BODY_TOO_LARGE",
            ),
            extra=MAYBE_SIGNED_IN,
        ),
    )
    async def signup(self, request: Request, body: account_shapes.SignUpBody) -> Response:
        """Sign up

        Opens an account and a session, and sends a mail to verify the address. The bonus credits are in `user.credits`
        already. `Accept-Language` decides the language of mails: English or Hindi. With a guest's access token that
        guest becomes the account: creations and credits stay, and the guest's sessions end.
        """
        guest = await self._newcomers.guest(request)
        command = SignUp(
            **body.fields(),
            locale=language_of(request.scope),
            ip=self._addresses.of(request.scope),
            device=body.device,
            guest_id=guest.user_id,
        )
        reply = await self._caller.call(command)
        session = await self._purses.session(reply, is_new=True, earned_before=guest.earned)
        return session_answer(request, session, WELCOME)

    @endpoint(
        "POST",
        "/api/auth/guest",
        Access(signed_in=False, rate="guest"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.Session],
            examples.answer(examples.GUEST),
            errors=("VALIDATION_ERROR", "GUEST_LIMIT_REACHED", "PERMISSION_DENIED", "BODY_TOO_LARGE"),
        ),
    )
    async def guest(self, request: Request, body: account_shapes.GuestBody) -> Response:
        """Try it as a guest

        A session without an account, with credits for a few pictures. The same device at the same place is the same
        guest again.
        """
        command = ArriveAsGuest(device=body.device_info.device, ip=self._addresses.of(request.scope))
        return session_answer(request, await self._purses.session(await self._caller.call(command), is_new=True))

    @endpoint(
        "POST",
        "/api/auth/login",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Answer[account_shapes.Session],
            examples.answer(examples.SESSION),
            errors=("VALIDATION_ERROR", "INVALID_CREDENTIALS", "ACCOUNT_LOCKED", "PERMISSION_DENIED", "BODY_TOO_LARGE"),
        ),
    )
    async def login(self, request: Request, body: account_shapes.LogInBody) -> Response:
        """Log in

        Opens a further session; those on other phones stay.
        """
        command = LogIn(**body.fields(), ip=self._addresses.of(request.scope), device=body.device)
        return session_answer(request, await self._purses.session(await self._caller.call(command)))

    @endpoint(
        "POST",
        "/api/auth/refresh",
        Access(signed_in=False, rate="refresh"),
        Documentation(
            TAG,
            account_shapes.RefreshAnswer,
            examples.REFRESHED,
            errors=("INVALID_TOKEN", "TOKEN_REUSED"),
            extra={"security": [{"bearer": []}]},
        ),
    )
    async def refresh(self, request: Request) -> Response:
        """Get a new access token

        The refresh token stands in the Authorization header, or in a browser's cookie; there is no body.
        """
        token = bearer(credentials(request.scope, REFRESH))
        tokens = orjson.loads(await self._caller.call(Refresh(refresh_token=token)))
        return session_answer(request, tokens, flat=True)

    @endpoint(
        "GET",
        "/api/auth/me",
        USER,
        Documentation(
            TAG, shapes.Answer[account_shapes.User], examples.answer(examples.USER), errors=("USER_NOT_FOUND",)
        ),
    )
    async def me(self, request: Request) -> Response:
        """Who am I?"""
        return answer(envelope(await self._purses.user(await self._caller.call(Me(user_id=user_of(request))))))
