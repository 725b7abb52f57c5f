"""Accounts and sessions."""

from time import monotonic
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.auth import ArriveAsGuest, LogIn, Me, Refresh, SignUp
from contracts.rpc.ledger import Balance, GetBalance
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes
from gateway.cookies import REFRESH, credentials, session_answer
from gateway.documentation import Documentation
from gateway.errors import Refused
from gateway.routing import USER, Access, Guard, endpoint, user_of
from gateway.security import GUEST, bearer, claims_to_be_guest
from gateway.tap import Tap
from kernel.caller import Caller
from kernel.logging import log

TAG = "Accounts"
WELCOME = "Account created successfully. Please verify your email."
BONUS_WAIT_S = 2.0
BALANCE_TIMEOUT_S = 2.0
MAYBE_A_GUEST: dict[str, Any] = {"security": [{}, {"bearer": []}]}


class Auth:
    def __init__(self, caller: Caller, tap: Tap, guard: Guard) -> None:
        self._caller = caller
        self._tap = tap
        self._addresses = guard.addresses
        self._tokens = guard.tokens

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
                "EMAIL_EXISTS",
                "INVALID_TOKEN",
                "BODY_TOO_LARGE",
            ),
            extra=MAYBE_A_GUEST,
        ),
    )
    async def signup(self, request: Request, body: shapes.SignUpBody) -> Response:
        """Sign up

        Opens an account and a session. The bonus credits are in `user.credits` already. With a guest's access token
        that guest becomes the account: creations and credits stay, and the guest's sessions end.
        """
        guest_id = await self._guest(request)
        earned = await self._earned(guest_id) if guest_id else 0
        command = SignUp(**body.model_dump(exclude={"device_info"}), device=body.device(), guest_id=guest_id)
        session = orjson.loads(await self._caller.call(command))
        session["user"]["credits"] = await self._credits_with_bonus(session["user"]["id"], earned)
        return session_answer(request, session, WELCOME)

    @endpoint(
        "POST",
        "/api/auth/guest",
        Access(signed_in=False, rate="guest"),
        Documentation(
            TAG,
            shapes.Answer[shapes.Session],
            examples.answer(examples.GUEST),
            errors=("VALIDATION_ERROR", "GUEST_LIMIT_REACHED", "PERMISSION_DENIED", "BODY_TOO_LARGE"),
        ),
    )
    async def guest(self, request: Request, body: shapes.GuestBody) -> Response:
        """Try it as a guest

        A session without an account, with credits for a few pictures. The same device at the same place is the same
        guest again.
        """
        command = ArriveAsGuest(device=body.device_info.device(), ip=self._addresses.of(request.scope))
        session = orjson.loads(await self._caller.call(command))
        session["user"]["credits"] = await self._credits_with_bonus(session["user"]["id"])
        return session_answer(request, session)

    @endpoint(
        "POST",
        "/api/auth/login",
        Access(signed_in=False, rate="login"),
        Documentation(
            TAG,
            shapes.Answer[shapes.Session],
            examples.answer(examples.SESSION),
            errors=("VALIDATION_ERROR", "INVALID_CREDENTIALS", "ACCOUNT_LOCKED", "PERMISSION_DENIED", "BODY_TOO_LARGE"),
        ),
    )
    async def login(self, request: Request, body: shapes.LogInBody) -> Response:
        """Log in

        Opens a further session; those on other phones stay.
        """
        command = LogIn(
            **body.model_dump(exclude={"device_info"}), device=body.device(), ip=self._addresses.of(request.scope)
        )
        session = orjson.loads(await self._caller.call(command))
        session["user"]["credits"] = await self._credits(session["user"]["id"])
        return session_answer(request, session)

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

        The refresh token stands in the Authorization header, or in a browser's cookie; there is no body.
        """
        token = bearer(credentials(request.scope, REFRESH))
        tokens = orjson.loads(await self._caller.call(Refresh(refresh_token=token)))
        return session_answer(request, tokens, flat=True)

    @endpoint(
        "GET",
        "/api/auth/me",
        USER,
        Documentation(TAG, shapes.Answer[shapes.User], examples.answer(examples.USER), errors=("USER_NOT_FOUND",)),
    )
    async def me(self, request: Request) -> Response:
        """Who am I?"""
        user = orjson.loads(await self._caller.call(Me(user_id=user_of(request))))
        user["credits"] = await self._credits(user["id"])
        return answer(envelope(orjson.dumps(user)))

    async def _guest(self, request: Request) -> int | None:
        """Who signs up with a guest's token. Any other is no business of signing up, good or bad.

        Errors: INVALID_TOKEN for a guest's that has expired, say: whoever refreshes it keeps what the guest has.
        """
        authorization = credentials(request.scope)
        if authorization is None:
            return None
        try:
            caller = await self._tokens.caller(authorization)
        except Refused:
            if claims_to_be_guest(authorization):
                raise
            return None
        return caller.user_id if caller.role == GUEST else None

    async def _earned(self, user_id: int) -> int:
        balance = await self._balance(user_id, BALANCE_TIMEOUT_S)
        return balance.lifetime_earned if balance else 0

    async def _credits(self, user_id: int) -> int:
        balance = await self._balance(user_id, BALANCE_TIMEOUT_S)
        return balance.balance if balance else 0

    async def _credits_with_bonus(self, user_id: int, earned_before: int = 0) -> int:
        """Ledger grants the bonus when it hears of the new account: a moment later."""
        deadline = monotonic() + BONUS_WAIT_S
        balance = None
        with self._tap.watch(user_id=user_id) as watch:
            while (remaining_s := deadline - monotonic()) > 0:
                balance = await self._balance(user_id, remaining_s) or balance
                if balance and balance.lifetime_earned > earned_before:
                    break
                await watch.next(deadline - monotonic())
        return balance.balance if balance else 0

    async def _balance(self, user_id: int, timeout_s: float) -> Balance | None:
        """None when ledger is away: nobody is kept out of their account because of that."""
        try:
            balance: Balance = await self._caller.ask(GetBalance(user_id=user_id), timeout_s=timeout_s)
        except ServiceError as error:
            log.warning("an account is shown without its credits", code=error.code)
            return None
        return balance
