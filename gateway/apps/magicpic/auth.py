"""Accounts and sessions."""

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.rpc.auth import LogIn, Me, Refresh, SignUp
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes
from gateway.apps.magicpic.languages import language_of
from gateway.apps.magicpic.purses import Purses
from gateway.documentation import Documentation
from gateway.limits import Addresses
from gateway.routing import USER, Access, endpoint, header, user_of
from gateway.security import bearer
from kernel.caller import Caller

TAG = "Accounts"
WELCOME = "Account created successfully. Please verify your email."


class Auth:
    def __init__(self, caller: Caller, purses: Purses, addresses: Addresses) -> None:
        self._caller = caller
        self._purses = purses
        self._addresses = addresses

    @endpoint(
        "POST",
        "/api/auth/signup",
        Access(signed_in=False, rate="signup"),
        Documentation(
            TAG,
            shapes.Answer[shapes.Session],
            examples.answer(examples.SESSION, WELCOME),
            errors=(
                "VALIDATION_ERROR",
                "INVALID_EMAIL",
                "WEAK_PASSWORD",
                "INVALID_REFERRAL_CODE",
                "EMAIL_EXISTS",
                "PHONE_EXISTS",
                "BODY_TOO_LARGE",
            ),
        ),
    )
    async def signup(self, request: Request, body: shapes.SignUpBody) -> Response:
        """Sign up

        Opens an account and a session, and sends a mail to verify the address. The bonus credits are in `user.credits`
        already. `Accept-Language` decides the language of mails: English or Hindi.
        """
        command = SignUp(
            **body.fields(),
            locale=language_of(request.scope),
            ip=self._addresses.of(request.scope),
            device=body.device,
        )
        session = await self._purses.session(await self._caller.call(command), is_new=True)
        return answer(envelope(orjson.dumps(session), WELCOME))

    @endpoint(
        "POST",
        "/api/auth/login",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Answer[shapes.Session],
            examples.answer(examples.SESSION),
            errors=("VALIDATION_ERROR", "INVALID_CREDENTIALS", "ACCOUNT_LOCKED", "BODY_TOO_LARGE"),
        ),
    )
    async def login(self, request: Request, body: shapes.LogInBody) -> Response:
        """Log in

        Opens a further session; those on other phones stay.
        """
        command = LogIn(**body.fields(), ip=self._addresses.of(request.scope), device=body.device)
        session = await self._purses.session(await self._caller.call(command))
        return answer(envelope(orjson.dumps(session)))

    @endpoint(
        "POST",
        "/api/auth/refresh",
        Access(signed_in=False, rate="refresh"),
        Documentation(
            TAG,
            shapes.RefreshAnswer,
            examples.REFRESHED,
            errors=("INVALID_TOKEN", "TOKEN_REUSED"),
            extra={"security": [{"bearer": []}]},
        ),
    )
    async def refresh(self, request: Request) -> Response:
        """Get a new access token

        The refresh token stands in the Authorization header; there is no body.
        """
        token = bearer(header(request.scope, b"authorization"))
        tokens = await self._caller.call(Refresh(refresh_token=token))
        return answer(b'{"success":true,"data":' + tokens + b"," + tokens[1:])  # the same fields at the top, too

    @endpoint(
        "GET",
        "/api/auth/me",
        USER,
        Documentation(TAG, shapes.Answer[shapes.User], examples.answer(examples.USER), errors=("USER_NOT_FOUND",)),
    )
    async def me(self, request: Request) -> Response:
        """Who am I?"""
        return answer(envelope(await self._purses.user(await self._caller.call(Me(user_id=user_of(request))))))
