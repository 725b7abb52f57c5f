"""Whoever reads the mail of an address owns its account: verifying, and taking it over from whoever else opened it."""

import asyncpg

from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from services.auth.codes import Address, Codes, RightCode
from services.auth.domain import ACCOUNT, ChangePassword, VerifyEmail
from services.auth.private import NewPassword
from services.auth.queries import Queries
from services.auth.referrals import Referrals
from services.auth.sessions import Sessions


class Ownership:
    def __init__(
        self, commands: CommandBus, queries: Queries, codes: Codes, referrals: Referrals, sessions: Sessions
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._codes = codes
        self._referrals = referrals
        self._sessions = sessions

    async def ask(self, request: rpc.AskToVerify) -> rpc.Done:
        """Another mail to verify the address with. Errors: RATE_LIMITED, USER_NOT_FOUND."""
        person = await self._queries.existing(request.user_id)
        if not person["is_verified"]:
            address = Address(person["user_id"], person["email"], person["locale"])
            await self._codes.ask("verify_email", address, request.ip)
        return rpc.Done()

    async def confirm(self, request: rpc.VerifyEmail) -> rpc.User:
        """Errors: INVALID_OTP."""
        code = await self._right_code(request)
        person = await self._codes.owner(code)
        await self._codes.use(code)
        return self._queries.user_of(await self.verify(person))

    async def _right_code(self, request: rpc.VerifyEmail) -> RightCode:
        if request.token is not None:
            return await self._codes.linked("verify_email", request.token)
        email = request.email
        if email is None and request.user_id is not None:
            email = (await self._queries.existing(request.user_id))["email"]
        return await self._codes.typed("verify_email", email or "", request.code or "")

    async def verify(self, person: asyncpg.Record) -> asyncpg.Record:
        """The address is theirs; if they were invited, that is settled now. The row of `people` as it is then."""
        if person["is_verified"]:
            return person
        user_id = person["user_id"]
        referrer_id = await self._referrals.to_pay(person)
        await self._commands.execute(ACCOUNT, user_id, VerifyEmail(user_id, referrer_id))
        return await self._queries.existing(user_id)

    async def claim(self, person: asyncpg.Record) -> asyncpg.Record:
        """The owner of the address comes in without a password.

        If the address was not verified before, anyone may have opened the account to wait in it for its owner: then
        its password goes, and its sessions end: once, as the owner may come twice at the same time.
        """
        if person["is_verified"]:
            return person
        user_id = person["user_id"]
        if person["password_hash"] is not None:
            private = NewPassword(None)
            await self._commands.execute(ACCOUNT, user_id, ChangePassword(user_id, "reset"), private=private)
        await self._sessions.end_all(user_id, reason="password", key=f"claim:{user_id}")
        return await self.verify(person)
