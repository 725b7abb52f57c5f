"""Signing in with nothing but the mail of an address; whoever has no account yet gets one."""

import asyncpg

from contracts.rpc import auth as rpc
from services.auth.accounts import Accounts, EmailExists, InvalidCredentials
from services.auth.codes import Address, Codes, InvalidCode, RightCode
from services.auth.credentials import NAMELESS, checked_email, checked_name, folded
from services.auth.ownership import Ownership
from services.auth.queries import Queries
from services.auth.referrals import Referrals


class MailSignIn:
    def __init__(
        self, accounts: Accounts, ownership: Ownership, codes: Codes, queries: Queries, referrals: Referrals
    ) -> None:
        self._accounts = accounts
        self._ownership = ownership
        self._codes = codes
        self._queries = queries
        self._referrals = referrals

    async def ask(self, request: rpc.AskToSignIn) -> rpc.Done:
        """Errors: INVALID_EMAIL, RATE_LIMITED; the same for an address that is nobody's."""
        email = checked_email(request.email)
        person = await self._queries.person_with(folded(email))
        address = Address(person["user_id"], person["email"], person["locale"]) if person else None
        await self._codes.ask("sign_in", address or Address(None, email, request.locale), request.ip)
        return rpc.Done()

    async def enter(self, request: rpc.SignInByMail) -> rpc.Entered:
        """Errors: VALIDATION_ERROR (name), INVALID_CREDENTIALS."""
        name = checked_name(request.name) if request.name and request.name.strip() else NAMELESS
        try:
            code = await self._right_code(request)
            person = await self._codes.owner(code) if code.email is None else None
            await self._codes.use(code)
        except InvalidCode as error:
            raise InvalidCredentials(error.message) from None
        is_new = False
        if person is None:
            person, is_new = await self._newcomer(request, code, name)
        signed_in = await self._accounts.enter(await self._ownership.claim(person), request.device)
        return rpc.Entered(**dict(signed_in), is_new=is_new)

    async def _right_code(self, request: rpc.SignInByMail) -> RightCode:
        if request.token is not None:
            return await self._codes.linked("sign_in", request.token)
        return await self._codes.typed("sign_in", request.email or "", request.code or "")

    async def _newcomer(self, request: rpc.SignInByMail, code: RightCode, name: str) -> tuple[asyncpg.Record, bool]:
        """The account of an address that was nobody's when the code was sent, and whether it is new."""
        email = code.email or ""
        origin = await self._referrals.origin(None, request.ip, request.device)
        try:
            person = await self._accounts.open(
                email, name, locale=code.locale, origin=origin, guest_id=request.guest_id
            )
        except EmailExists:  # opened since then
            known = await self._queries.person_with(folded(email))
            if known is None:
                raise
            return known, False
        return person, True
