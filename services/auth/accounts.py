"""Opening accounts, and signing in with a password."""

from uuid import uuid4

import asyncpg

from contracts.errors import ServiceError
from contracts.rpc.auth import Device, Locale, LogIn, SignedIn, SignUp
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.ids import IdBlock
from kernel.logging import log
from services.auth import domain
from services.auth.codes import Address, Codes
from services.auth.credentials import checked_email, checked_name, checked_password, checked_phone, folded
from services.auth.deletions import Deletions
from services.auth.domain import ACCOUNT, SIGNED_OUT
from services.auth.password_checks import PasswordChecks
from services.auth.passwords import Passwords
from services.auth.private import NewPerson, Origin
from services.auth.queries import Queries
from services.auth.referrals import Referrals, new_code
from services.auth.sessions import Sessions

CODE_TRIES = 3
REPLACE_HASH = "UPDATE people SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2"


class EmailExists(ServiceError):
    def __init__(self) -> None:
        message = "This email is already registered."
        super().__init__("EMAIL_EXISTS", message, {"email": message})


class PhoneExists(ServiceError):
    def __init__(self) -> None:
        message = "This phone number is already registered."
        super().__init__("PHONE_EXISTS", message, {"phone": message})


class ReferralCodeTaken(ServiceError):
    """Ours, not the caller's: the next code is tried."""

    def __init__(self) -> None:
        super().__init__("SERVER_ERROR", "Something went wrong. Please try again.")


class InvalidCredentials(ServiceError):
    """The same for an unknown address and for a wrong password."""

    def __init__(self, message: str = "Email or password is incorrect") -> None:
        super().__init__("INVALID_CREDENTIALS", message)


class Accounts:
    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: Queries,
        *,
        passwords: Passwords,
        checks: PasswordChecks,
        codes: Codes,
        referrals: Referrals,
        sessions: Sessions,
        deletions: Deletions,
    ) -> None:
        self._database = database
        self._ids = IdBlock(database, "user_ids")
        self._commands = commands
        self._queries = queries
        self._passwords = passwords
        self._checks = checks
        self._codes = codes
        self._referrals = referrals
        self._sessions = sessions
        self._deletions = deletions

    async def sign_up(self, request: SignUp) -> SignedIn:
        """Errors, in this order: VALIDATION_ERROR (name, phone), INVALID_EMAIL, WEAK_PASSWORD, INVALID_REFERRAL_CODE,
        EMAIL_EXISTS, PHONE_EXISTS, INVALID_TOKEN (no guest).
        """
        name = checked_name(request.name)
        phone = checked_phone(request.phone) if request.phone and request.phone.strip() else None
        email = checked_email(request.email)
        password = checked_password(request.password, email, name)
        origin = await self._referrals.origin(request.referral_code, request.ip, request.device)
        password_hash = await self._passwords.hash(password)
        person = await self.open(
            email,
            name,
            locale=request.locale,
            origin=origin,
            password_hash=password_hash,
            phone=phone,
            guest_id=request.guest_id,
        )
        await self._send_first_code(person)
        return await self.enter(person, request.device)

    async def open(
        self,
        email: str,
        name: str,
        *,
        locale: Locale,
        origin: Origin,
        password_hash: str | None = None,
        phone: str | None = None,
        google_subject: str | None = None,
        guest_id: int | None = None,
    ) -> asyncpg.Record:
        """A new account, as its row of `people`. What is given has been checked.

        The guest who becomes it is signed out everywhere: anyone with that device could have had those sessions.
        Errors: EMAIL_EXISTS, PHONE_EXISTS, INVALID_TOKEN where `guest_id` is no guest.
        """
        user_id = await self._ids.take() if guest_id is None else guest_id
        command = domain.SignUp(user_id) if guest_id is None else domain.SignUpGuest(user_id)
        # With a key the bus may try again when the database went away during the commit. It is this request's own: of
        # two who sign up as the same guest, the second is refused instead of being given what the first was.
        key = f"signup:{user_id}:{uuid4().hex}"
        for tries_left in reversed(range(CODE_TRIES)):
            private = NewPerson(
                email=email,
                email_folded=folded(email),
                name=name,
                password_hash=password_hash,
                phone=phone,
                referral_code=new_code(),
                locale=locale,
                origin=origin,
                google_subject=google_subject,
                was_guest=guest_id is not None,
            )
            try:
                await self._commands.execute(ACCOUNT, user_id, command, key=key, private=private)
                break
            except ReferralCodeTaken:
                if not tries_left:
                    raise
        if guest_id is not None:
            await self._sessions.end_all(user_id, reason=SIGNED_OUT)
        return await self._queries.existing(user_id)

    async def log_in(self, request: LogIn) -> SignedIn:
        """Errors: INVALID_CREDENTIALS, ACCOUNT_LOCKED; an address that is nobody's meets both just as others do.

        PERMISSION_DENIED for a suspended account, but to who has the right password alone.
        """
        email_folded = folded(request.email)
        person = await self._queries.person_with(email_folded)
        right = await self._checks.passes(person, email_folded, request.password, request.ip)
        if not right or person is None:
            raise InvalidCredentials
        await self._renew_hash(person, request.password)
        return await self.enter(person, request.device)

    async def enter(self, person: asyncpg.Record, device: Device | None) -> SignedIn:
        """A new session of somebody who has shown who they are. `person`: as it was when they showed it.

        Who was about to be deleted has thought better of it. Errors: PERMISSION_DENIED when the account is suspended,
        INVALID_TOKEN when all sessions were ended since, INVALID_CREDENTIALS when it is too late.
        """
        await self._deletions.cancel(person["user_id"])
        tokens = await self._sessions.start(person["user_id"], device, ends=person["ends"])
        return SignedIn(user=self._queries.user_of(person), **tokens.model_dump())

    async def _send_first_code(self, person: asyncpg.Record) -> None:
        """The account is there already: should this fail, its owner asks for another code."""
        try:
            await self._codes.issue("verify_email", Address(person["user_id"], person["email"], person["locale"]))
        except ServiceError as error:
            log.warning("a new account got no code to verify its address", user_id=person["user_id"], code=error.code)

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
