"""What an account's credits are, for showing them beside it."""

from time import monotonic
from typing import Any

import orjson

from contracts.errors import ServiceError
from contracts.rpc.ledger import Balance, GetBalance
from gateway.tap import Tap
from kernel.caller import Caller
from kernel.logging import log

BONUS_WAIT_S = 2.0
BALANCE_TIMEOUT_S = 2.0


class Purses:
    def __init__(self, caller: Caller, tap: Tap) -> None:
        self._caller = caller
        self._tap = tap

    async def session(self, reply: bytes, *, is_new: bool = False, earned_before: int = 0) -> dict[str, Any]:
        """Auth's answer to a sign-in, with `user.credits`; of a new account with its bonus.

        `earned_before`: by the guest that the new account was.
        """
        session: dict[str, Any] = orjson.loads(reply)
        user = session["user"]
        with_bonus = is_new or session.get("is_new", False)
        if with_bonus:
            user["credits"] = await self.credits_with_bonus(user["id"], earned_before)
        else:
            user["credits"] = await self.credits(user["id"])
        return session

    async def user(self, reply: bytes) -> bytes:
        """Auth's answer of a user, with `credits`."""
        user = orjson.loads(reply)
        user["credits"] = await self.credits(user["id"])
        return orjson.dumps(user)

    async def credits(self, user_id: int) -> int:
        balance = await self._balance(user_id, BALANCE_TIMEOUT_S)
        return balance.balance if balance else 0

    async def earned(self, user_id: int) -> int:
        balance = await self._balance(user_id, BALANCE_TIMEOUT_S)
        return balance.lifetime_earned if balance else 0

    async def credits_with_bonus(self, user_id: int, earned_before: int = 0) -> int:
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
