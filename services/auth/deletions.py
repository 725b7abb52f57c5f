"""The door out: an account is asked to go, waits for its grace to pass, and goes with everything that was personal."""

from datetime import datetime

import asyncpg

from contracts.errors import ServiceError
from contracts.rpc import auth as rpc
from kernel.clock import iso
from kernel.commands import CommandBus
from services.auth import domain
from services.auth.codes import Address, Codes, InvalidCode
from services.auth.domain import ACCOUNT, EXPORT, Account, UserNotFound
from services.auth.guesses import Guesses
from services.auth.password_checks import PasswordChecks
from services.auth.places import Places
from services.auth.private import Farewell
from services.auth.queries import Queries
from services.auth.sessions import Sessions

DELETED = "deleted"


class WrongProof(ServiceError):
    """Not a 401: whoever asks is signed in, and stays so."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__("VALIDATION_ERROR", fault, {field: fault})


class DeletionProof:
    """Whether it is really the owner who wants to go. A guess at the password counts as any other."""

    def __init__(self, queries: Queries, checks: PasswordChecks, codes: Codes) -> None:
        self._queries = queries
        self._checks = checks
        self._codes = codes

    async def ask(self, request: rpc.AskToDelete) -> rpc.Done:
        """A mail with a code. Errors: RATE_LIMITED, USER_NOT_FOUND."""
        person = await self._member(request.user_id)
        address = Address(person["user_id"], person["email"], person["locale"])
        await self._codes.ask("delete_account", address, request.ip)
        return rpc.Done()

    async def check(self, request: rpc.RequestDeletion) -> None:
        """Errors: USER_NOT_FOUND, VALIDATION_ERROR, ACCOUNT_LOCKED, INVALID_OTP."""
        person = await self._member(request.user_id)
        if request.token is not None or request.code is not None:
            await self._use_code(request, person)
        elif request.password is None:
            raise WrongProof("password", "Please enter your password, or ask for a code.")
        elif not await self._checks.passes(person, person["email_folded"], request.password, request.ip):
            raise WrongProof("password", "This password is wrong.")

    async def _use_code(self, request: rpc.RequestDeletion, person: asyncpg.Record) -> None:
        if request.token is not None:
            code = await self._codes.linked("delete_account", request.token)
        else:
            code = await self._codes.typed("delete_account", person["email"], request.code or "")
        if (await self._codes.owner(code))["user_id"] != person["user_id"]:
            raise InvalidCode
        await self._codes.use(code)

    async def _member(self, user_id: int) -> asyncpg.Record:
        """Whoever has an address. Errors: USER_NOT_FOUND."""
        person = await self._queries.existing(user_id)
        if person["email"] is None:
            raise UserNotFound
        return person


class Deletions:
    """`grace_s`: how long an account can still be had back, in seconds."""

    def __init__(
        self,
        commands: CommandBus,
        queries: Queries,
        proof: DeletionProof,
        *,
        guesses: Guesses,
        codes: Codes,
        grace_s: float,
    ) -> None:
        self._commands = commands
        self._queries = queries
        self._proof = proof
        self._guesses = guesses
        self._codes = codes
        self._grace_s = grace_s

    async def request(self, request: rpc.RequestDeletion) -> rpc.DeletionDue:
        """Errors: those of the proof."""
        await self._proof.check(request)
        command = domain.RequestDeletion(request.user_id, self._grace_s)
        outcome = await self._commands.execute(ACCOUNT, request.user_id, command, answer=_due_at)
        return rpc.DeletionDue(due_at=iso(outcome.answer))

    async def cancel(self, user_id: int) -> None:
        """Whoever signs in has thought better of it. Errors: INVALID_CREDENTIALS when it is too late."""
        await self._commands.execute(ACCOUNT, user_id, domain.CancelDeletion(user_id))

    async def complete(self, user_id: int) -> None:
        """It is due: the person goes, in one transaction. What else there is, goes when this has been told."""
        person = await self._queries.person(user_id)
        farewell = Farewell(None, None)
        if person:
            farewell = Farewell(self._guesses.key_of(person["email_folded"]), self._codes.key_of(person["email"]))
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
        await self._sessions.forget(user_id)
        await self._commands.execute(EXPORT, user_id, domain.EndExport(user_id, None))
        await self._places.clear(user_id)


def _due_at(account: Account, _: object) -> datetime | None:
    return account.leaving.due_at
