"""A password that was forgotten, and one that is changed. Either ends the sessions that the old one may have begun."""

import asyncpg

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.commands import CommandBus
from services.auth.codes import Address, Codes
from services.auth.credentials import checked_email, checked_password, folded
from services.auth.domain import ACCOUNT, ChangePassword
from services.auth.guesses import Guesses
from services.auth.ownership import Ownership
from services.auth.password_checks import PasswordChecks
from services.auth.passwords import Passwords
from services.auth.private import NewPassword
from services.auth.queries import Queries
from services.auth.sessions import Sessions


class WrongCurrentPassword(ServiceError):
    def __init__(self) -> None:
        fault = "The current password is not right."
        super().__init__("VALIDATION_ERROR", fault, {"current_password": fault})


class PasswordChanges:
    def __init__(
        self,
        commands: CommandBus,
        queries: Queries,
        *,
        passwords: Passwords,
        checks: PasswordChecks,
        guesses: Guesses,
        codes: Codes,
        ownership: Ownership,
        sessions: Sessions,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._passwords = passwords
        self._checks = checks
        self._guesses = guesses
        self._codes = codes
        self._ownership = ownership
        self._sessions = sessions

    async def forgot(self, request: rpc.ForgotPassword) -> rpc.Done:
        """Errors: INVALID_EMAIL, RATE_LIMITED; the same for an address that is nobody's."""
        email = checked_email(request.email)
        person = await self._queries.person_with(folded(email))
        address = Address(person["user_id"], person["email"], person["locale"]) if person else None
        await self._codes.ask("reset_password", address or Address(None, email, request.locale), request.ip)
        return rpc.Done()

    async def reset(self, request: rpc.ResetPassword) -> rpc.Done:
        """Errors: WEAK_PASSWORD, INVALID_OTP. A code that came by mail verifies the address, too, and ends a lock."""
        password = checked_password(request.new_password, request.email)
        code = await self._codes.typed("reset_password", request.email, request.code)
        person = await self._codes.owner(code)
        checked_password(password, person["name"])
        password_hash = await self._passwords.hash(password)
        await self._codes.use(code)
        user_id = person["user_id"]
        command = ChangePassword(user_id, "set" if person["password_hash"] is None else "reset")
        await self._commands.execute(ACCOUNT, user_id, command, private=NewPassword(password_hash))
        await self._sessions.end_all(user_id, reason="password")
        await self._ownership.verify(person)
        await self._guesses.forget(person["email_folded"])
        return rpc.Done()

    async def change(self, request: rpc.ChangePassword) -> rpc.Done:
        """Errors: USER_NOT_FOUND, WEAK_PASSWORD, VALIDATION_ERROR (current_password), ACCOUNT_LOCKED."""
        person = await self._queries.existing(request.user_id)
        password = checked_password(request.new_password, person["email"], person["name"])
        if not await self._checks.passes(person, person["email_folded"], request.current_password, request.ip):
            raise WrongCurrentPassword
        await self._replace(person, await self._passwords.hash(password))
        await self._sessions.end_all(person["user_id"], reason="password", keep=request.session_id)
        return rpc.Done()

    async def _replace(self, person: asyncpg.Record, password_hash: str) -> None:
        user_id = person["user_id"]
        private = NewPassword(password_hash, replaces=person["password_hash"])
        await self._commands.execute(ACCOUNT, user_id, ChangePassword(user_id, "changed"), private=private)
