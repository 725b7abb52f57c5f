"""Whether a password is right, counted before it is looked at: for signing in, and for whoever is asked again."""

from datetime import datetime

import asyncpg

from contracts.errors import ServiceError
from kernel.commands import CommandBus
from services.auth.domain import ACCOUNT, LockAccount
from services.auth.guesses import Guess, Guesses
from services.auth.passwords import Passwords

NOBODY = 0


class PasswordChecks:
    def __init__(self, commands: CommandBus, passwords: Passwords, guesses: Guesses) -> None:
        self._commands = commands
        self._passwords = passwords
        self._guesses = guesses

    async def passes(self, person: asyncpg.Record | None, email_folded: str, password: str, ip: str) -> bool:
        """Whether it is this person's password. Nobody's, and that of an account without one, are wrong in the same
        time. Errors: ACCOUNT_LOCKED; SERVICE_UNAVAILABLE, and then it was no guess.
        """
        guess = await self._guesses.count(email_folded, ip)
        if await self._is_right(guess, person, password):
            await self._guesses.was_right(guess)
            return True
        if guess.locks_until:
            await self._tell_of_lock(person, guess.locks_until)
        return False

    async def _is_right(self, guess: Guess, person: asyncpg.Record | None, password: str) -> bool:
        try:
            return await self._passwords.verify(person["password_hash"] if person else None, password)
        except ServiceError:
            await self._guesses.was_not_verified(guess)
            raise

    async def _tell_of_lock(self, person: asyncpg.Record | None, until: datetime) -> None:
        user_id = person["user_id"] if person else NOBODY
        await self._commands.execute(ACCOUNT, user_id, LockAccount(user_id, until))
