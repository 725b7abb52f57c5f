"""The door out: an account is asked to go, waits for its grace to pass, and goes with everything that was personal."""

from datetime import datetime

from contracts.errors import ServiceError
from contracts.rpc.auth import DeletionDue, RequestDeletion
from kernel.clock import iso
from kernel.commands import CommandBus
from kernel.db import Database
from services.auth import domain
from services.auth.domain import ACCOUNT, EXPORT, Account, LockAccount, UserNotFound
from services.auth.guesses import Guesses
from services.auth.passwords import Passwords
from services.auth.places import Places
from services.auth.projections import Farewell
from services.auth.queries import BY_ID
from services.auth.sessions import Sessions

DELETED = "deleted"


class WrongProof(ServiceError):
    """Not a 401: whoever asks is signed in, and stays so."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__("VALIDATION_ERROR", fault, {field: fault})


class DeletionProof:
    """Whether it is really the owner who wants to go. A guess at the password counts as any other."""

    def __init__(self, database: Database, commands: CommandBus, passwords: Passwords, guesses: Guesses) -> None:
        self._database = database
        self._commands = commands
        self._passwords = passwords
        self._guesses = guesses

    async def check(self, request: RequestDeletion) -> None:
        """Errors: USER_NOT_FOUND, VALIDATION_ERROR, ACCOUNT_LOCKED."""
        if request.password is None:
            raise WrongProof("password", "Please enter your password.")
        person = await self._database.row(BY_ID, user_id=request.user_id)
        if person is None:
            raise UserNotFound
        guess = await self._guesses.count(person["email_folded"], request.ip)
        try:
            right = await self._passwords.verify(person["password_hash"], request.password)
        except ServiceError:
            await self._guesses.was_not_verified(guess)
            raise
        if not right:
            if guess.locks_until:
                await self._commands.execute(ACCOUNT, request.user_id, LockAccount(request.user_id, guess.locks_until))
            raise WrongProof("password", "This password is wrong.")
        await self._guesses.was_right(guess)


class Deletions:
    """`grace_s`: how long an account can still be had back, in seconds."""

    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        proof: DeletionProof,
        guesses: Guesses,
        *,
        grace_s: float,
    ) -> None:
        self._database = database
        self._commands = commands
        self._proof = proof
        self._guesses = guesses
        self._grace_s = grace_s

    async def request(self, request: RequestDeletion) -> DeletionDue:
        """Errors: those of the proof."""
        await self._proof.check(request)
        command = domain.RequestDeletion(request.user_id, self._grace_s)
        outcome = await self._commands.execute(ACCOUNT, request.user_id, command, answer=_due_at)
        return DeletionDue(due_at=iso(outcome.answer))

    async def cancel(self, user_id: int) -> None:
        """Whoever signs in has thought better of it. Errors: INVALID_CREDENTIALS when it is too late."""
        await self._commands.execute(ACCOUNT, user_id, domain.CancelDeletion(user_id))

    async def complete(self, user_id: int) -> None:
        """It is due: the person goes, in one transaction. What else there is, goes when this has been told."""
        person = await self._database.row(BY_ID, user_id=user_id)
        farewell = Farewell(self._guesses.key_of(person["email_folded"]) if person else None)
        await self._commands.execute(ACCOUNT, user_id, domain.DeleteAccount(user_id), private=farewell)


class Erasure:
    """What the end of an account leaves to do."""

    def __init__(self, commands: CommandBus, sessions: Sessions, places: Places) -> None:
        self._commands = commands
        self._sessions = sessions
        self._places = places

    async def erase(self, user_id: int) -> None:
        """Harmless twice. Errors: SERVICE_UNAVAILABLE."""
        await self._sessions.end_all(user_id, reason=DELETED)
        await self._commands.execute(EXPORT, user_id, domain.EndExport(user_id, None))
        await self._places.clear(user_id)


def _due_at(account: Account, _: object) -> datetime | None:
    return account.deletion_due_at
