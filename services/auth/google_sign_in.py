"""Signing in with a Google account."""

import asyncpg

from contracts.rpc import auth as rpc
from kernel.db import Database
from services.auth.accounts import Accounts, EmailExists
from services.auth.credentials import folded, usable_name
from services.auth.google import Google, GoogleIdentity
from services.auth.ownership import Ownership
from services.auth.queries import Queries
from services.auth.referrals import Referrals

# An address can be given to another person, who then has another Google account: the newest one counts.
UNLINK_OTHERS = "DELETE FROM google_accounts WHERE user_id = $2 AND subject <> $1"
LINK = "INSERT INTO google_accounts (subject, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"


class GoogleSignIn:
    def __init__(
        self,
        database: Database,
        google: Google,
        accounts: Accounts,
        ownership: Ownership,
        queries: Queries,
        referrals: Referrals,
    ) -> None:
        self._database = database
        self._google = google
        self._accounts = accounts
        self._ownership = ownership
        self._queries = queries
        self._referrals = referrals

    async def enter(self, request: rpc.SignInWithGoogle) -> rpc.Entered:
        """Errors: SIGN_IN_METHOD_OFF, INVALID_TOKEN, INVALID_REFERRAL_CODE, SERVICE_UNAVAILABLE."""
        identity = await self._google.identity(request.id_token)
        person, is_new = await self._known(identity), False
        if person is None:
            origin = await self._referrals.origin(request.referral_code, request.ip, request.device)
            try:
                person = await self._accounts.open(
                    identity.email,
                    usable_name(identity.name),
                    locale=request.locale,
                    origin=origin,
                    google_subject=identity.subject,
                    guest_id=request.guest_id,
                )
                is_new = True
            except EmailExists:  # opened in this very moment, perhaps by this very person
                person = await self._known(identity)
                if person is None:
                    raise
        signed_in = await self._accounts.enter(await self._ownership.claim(person), request.device)
        return rpc.Entered(**dict(signed_in), is_new=is_new)

    async def _known(self, identity: GoogleIdentity) -> asyncpg.Record | None:
        """Whose Google account it is; else whose address it is, which is linked to it from now on."""
        person = await self._queries.person_with_google(identity.subject)
        if person is not None:
            return person
        person = await self._queries.person_with(folded(identity.email))
        if person is None:
            return None
        person = await self._ownership.claim(person)
        async with self._database.write() as connection, connection.transaction():
            for statement in (UNLINK_OTHERS, LINK):
                await connection.execute(statement, identity.subject, person["user_id"])
        return person
