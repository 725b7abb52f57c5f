"""Guests at the moment when they get an account: it is known by their token which guest becomes it."""

from dataclasses import dataclass

from fastapi import Request

from gateway.apps.magicpic.purses import Purses
from gateway.cookies import credentials
from gateway.errors import Refused
from gateway.security import GUEST, Tokens, claims_to_be_guest


@dataclass(frozen=True, slots=True)
class Guest:
    """`earned`: the credits that the guest has ever been given."""

    user_id: int | None = None
    earned: int = 0


class Newcomers:
    def __init__(self, tokens: Tokens, purses: Purses) -> None:
        self._tokens = tokens
        self._purses = purses

    async def guest(self, request: Request) -> Guest:
        """Whose token comes with the request. Any but a guest's is no business of signing up, good or bad.

        Errors: INVALID_TOKEN for a guest's that has expired, say: whoever refreshes it keeps what the guest has.
        """
        authorization = credentials(request.scope)
        if authorization is None:
            return Guest()
        try:
            caller = await self._tokens.caller(authorization)
        except Refused:
            if claims_to_be_guest(authorization):
                raise
            return Guest()
        if caller.role != GUEST:
            return Guest()
        return Guest(caller.user_id, await self._purses.earned(caller.user_id))
