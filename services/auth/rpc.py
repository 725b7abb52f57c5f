"""Requests that auth answers."""

from contracts.rpc.auth import (
    GetExport,
    GetProfile,
    Jwks,
    KeySet,
    LogIn,
    Me,
    PeopleByIds,
    Refresh,
    RequestDeletion,
    SignUp,
    UpdateProfile,
)
from kernel.bus import MessageBus
from services.auth.accounts import Accounts
from services.auth.deletions import Deletions
from services.auth.exports import Exports
from services.auth.profiles import Profiles
from services.auth.queries import Queries
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens


def answer(bus: MessageBus, accounts: Accounts, sessions: Sessions, queries: Queries, tokens: Tokens) -> None:
    async def jwks(_: Jwks) -> KeySet:
        return KeySet(keys=tokens.key_set())

    bus.answer(SignUp, accounts.sign_up)
    bus.answer(LogIn, accounts.log_in)
    bus.answer(Refresh, sessions.refresh)
    bus.answer(Me, queries.me)
    bus.answer(PeopleByIds, queries.people)
    bus.answer(Jwks, jwks)


def answer_about_profiles(
    bus: MessageBus, queries: Queries, profiles: Profiles, exports: Exports, deletions: Deletions
) -> None:
    bus.answer(GetProfile, queries.profile)
    bus.answer(UpdateProfile, profiles.update)
    bus.answer(GetExport, exports.get)
    bus.answer(RequestDeletion, deletions.request)
