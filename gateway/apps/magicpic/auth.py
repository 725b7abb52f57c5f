"""Accounts and sessions."""

from time import monotonic

import orjson
from fastapi import Request
from starlette.responses import Response

from contracts.errors import ServiceError
from contracts.rpc.auth import LogIn, Me, Refresh, SignUp
from contracts.rpc.ledger import Balance, GetBalance
from gateway.answers import answer, envelope
from gateway.apps.magicpic import examples, shapes
from gateway.documentation import Documentation
from gateway.limits import Addresses
from gateway.routing import USER, Access, endpoint, header, user_of
from gateway.security import bearer
from gateway.tap import Tap
from kernel.caller import Caller
from kernel.logging import log

TAG = "Accounts"
WELCOME = "Account created successfully. Please verify your email."
BONUS_WAIT_S = 2.0
BALANCE_TIMEOUT_S = 2.0


class Auth:
    def __init__(self, caller: Caller, tap: Tap, addresses: Addresses) -> None:
        self._caller = caller
        self._tap = tap
        self._addresses = addresses

    @endpoint(
        "POST",
        "/api/auth/signup",
        Access(signed_in=False, rate="signup"),
        Documentation(
            TAG,
            shapes.Answer[shapes.Session],
            examples.answer(examples.SESSION, WELCOME),
            errors=("VALIDATION_ERROR", "INVALID_EMAIL", "WEAK_PASSWORD", "EMAIL_EXISTS", "BODY_TOO_LARGE"),
        ),
    )
    async def signup(self, _: Request, body: shapes.SignUpBody) -> Response:
        """Sign up

        Opens an account and a session. The bonus credits are in `user.credits` already.
        """
        session = orjson.loads(await self._caller.call(SignUp(**body.model_dump())))
        session["user"]["credits"] = await self._credits_with_bonus(session["user"]["id"])
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
        command = LogIn(**body.model_dump(), ip=self._addresses.of(request.scope))
        session = orjson.loads(await self._caller.call(command))
        session["user"]["credits"] = await self._credits(session["user"]["id"])
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
        user = orjson.loads(await self._caller.call(Me(user_id=user_of(request))))
        user["credits"] = await self._credits(user["id"])
        return answer(envelope(orjson.dumps(user)))

    async def _credits(self, user_id: int) -> int:
        balance = await self._balance(user_id, BALANCE_TIMEOUT_S)
        return balance.balance if balance else 0

    async def _credits_with_bonus(self, user_id: int) -> int:
        """Ledger grants the bonus when it hears of the new account: a moment later."""
        deadline = monotonic() + BONUS_WAIT_S
        balance = None
        with self._tap.watch(user_id=user_id) as watch:
            while (remaining_s := deadline - monotonic()) > 0:
                balance = await self._balance(user_id, remaining_s) or balance
                if balance and balance.lifetime_earned > 0:
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
