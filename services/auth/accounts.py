"""Signing up and signing in with a password."""

from datetime import datetime
from uuid import uuid4

import asyncpg

from contracts.errors import ServiceError
from contracts.rpc.auth import Device, LogIn, Me, SignedIn, SignUp, User
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.ids import IdBlock
from services.auth import domain
from services.auth.credentials import checked_email, checked_name, checked_password, folded
from services.auth.domain import ACCOUNT, SIGNED_OUT, LockAccount, Suspended
from services.auth.guesses import Guess, Guesses
from services.auth.passwords import Passwords
from services.auth.projections import NewPerson
from services.auth.queries import Queries, user_of
from services.auth.sessions import Sessions

NOBODY = 0
REPLACE_HASH = "UPDATE people SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2"


class EmailExists(ServiceError):
    def __init__(self) -> None:
        message = "This email is already registered."
        super().__init__("EMAIL_EXISTS", message, {"email": message})


class InvalidCredentials(ServiceError):
    """The same for an unknown address and for a wrong password."""

    def __init__(self) -> None:
        super().__init__("INVALID_CREDENTIALS", "Email or password is incorrect")


class Accounts:
    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: Queries,
        passwords: Passwords,
        guesses: Guesses,
        sessions: Sessions,
    ) -> None:
        self._database = database
        self._ids = IdBlock(database, "user_ids")
        self._commands = commands
        self._queries = queries
        self._passwords = passwords
        self._guesses = guesses
        self._sessions = sessions

    async def sign_up(self, request: SignUp) -> SignedIn:
        """Errors, in this order: VALIDATION_ERROR (name), INVALID_EMAIL, WEAK_PASSWORD, EMAIL_EXISTS.

        A guest's sessions end: anyone with that device could have had them.
        """
        name, email = checked_name(request.name), checked_email(request.email)
        password_hash = await self._passwords.hash(checked_password(request.password))
        person = NewPerson(email, folded(email), name, password_hash, was_guest=request.guest_id is not None)
        if request.guest_id is None:
            user_id = await self._ids.take()
            command: domain.AccountCommand = domain.SignUp(user_id)
        else:
            user_id = request.guest_id
            command = domain.SignUpGuest(user_id)
        # With a key the bus may try again when the database went away during the commit. It is this request's own: of
        # two who sign up as the same guest, the second is refused instead of being given what the first was.
        await self._commands.execute(ACCOUNT, user_id, command, key=f"signup:{user_id}:{uuid4().hex}", private=person)
        if person.was_guest:
            await self._sessions.end_all(user_id, reason=SIGNED_OUT)
        return await self._signed_in(await self._queries.me(Me(user_id=user_id)), request.device)

    async def log_in(self, request: LogIn) -> SignedIn:
        """Errors: INVALID_CREDENTIALS, ACCOUNT_LOCKED; an address that is nobody's meets both just as others do.

        PERMISSION_DENIED for a suspended account, but to who has the right password alone.
        """
        email_folded = folded(request.email)
        guess = await self._guesses.count(email_folded, request.ip)
        person = await self._queries.person_with(email_folded)
        if not await self._is_right(guess, person, request.password) or person is None:
            if guess.locks_until:
                await self._tell_of_lock(person, guess.locks_until)
            raise InvalidCredentials
        await self._guesses.was_right(guess)
        if person["suspended"]:
            raise Suspended
        await self._renew_hash(person, request.password)
        return await self._signed_in(user_of(person), request.device, ends=person["ends"])

    async def _is_right(self, guess: Guess, person: asyncpg.Record | None, password: str) -> bool:
        try:
            return await self._passwords.verify(person["password_hash"] if person else None, password)
        except ServiceError:
            await self._guesses.was_not_verified(guess)
            raise

    async def _tell_of_lock(self, person: asyncpg.Record | None, until: datetime) -> None:
        user_id = person["user_id"] if person else NOBODY
        await self._commands.execute(ACCOUNT, user_id, LockAccount(user_id, until))

    async def _renew_hash(self, person: asyncpg.Record, password: str) -> None:
        """Only now is the password known, so now its hash is brought to today's parameters."""
        if not self._passwords.outdated(person["password_hash"]):
            return
        try:
            renewed = await self._passwords.hash(password)
        except ServiceError:  # too many wait for a thread: the next sign-in will do
            return
        async with self._database.write() as connection:
            await connection.execute(REPLACE_HASH, person["user_id"], person["password_hash"], renewed)

    async def _signed_in(self, user: User, device: Device | None, *, ends: int | None = None) -> SignedIn:
        tokens = await self._sessions.start(user.id, device, ends=ends)
        return SignedIn(user=user, **tokens.model_dump())
