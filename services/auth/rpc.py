"""Requests that auth answers."""

from contracts.rpc import auth as rpc
from kernel.bus import MessageBus
from services.auth.accounts import Accounts
from services.auth.admins import Admins
from services.auth.codes import Codes
from services.auth.deletions import Deletions
from services.auth.exports import Exports
from services.auth.google_sign_in import GoogleSignIn
from services.auth.guests import Guests
from services.auth.keys import Keys
from services.auth.mail_sign_in import MailSignIn
from services.auth.ownership import Ownership
from services.auth.password_changes import PasswordChanges
from services.auth.people_search import PeopleSearch
from services.auth.profiles import Profiles
from services.auth.queries import Queries
from services.auth.revocations import Revocations
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens


def answer_sessions(bus: MessageBus, guests: Guests, sessions: Sessions, queries: Queries) -> None:
    bus.answer(rpc.ArriveAsGuest, guests.arrive)
    bus.answer(rpc.Refresh, sessions.refresh)
    bus.answer(rpc.ListSessions, sessions.listed)
    bus.answer(rpc.EndSession, sessions.end)
    bus.answer(rpc.EndSessions, sessions.end_several)
    bus.answer(rpc.Me, queries.me)
    bus.answer(rpc.GetStanding, queries.standing)
    bus.answer(rpc.RequireRole, queries.require_role)


def answer_gateways(bus: MessageBus, tokens: Tokens, revocations: Revocations) -> None:
    async def jwks(_: rpc.Jwks) -> rpc.KeySet:
        return rpc.KeySet(keys=tokens.ring.published())

    bus.answer(rpc.Jwks, jwks)
    bus.answer(rpc.Revocations, revocations.page)


def answer_admins(bus: MessageBus, admins: Admins, keys: Keys) -> None:
    bus.answer(rpc.ListUsers, admins.users)
    bus.answer(rpc.ChangeRole, admins.change_role)
    bus.answer(rpc.SuspendUser, admins.suspend)
    bus.answer(rpc.RestoreUser, admins.restore)
    bus.answer(rpc.ListAdminActions, admins.actions)
    bus.answer(rpc.CreateAdmin, admins.create)
    bus.answer(rpc.ListSigningKeys, keys.listed)
    bus.answer(rpc.RotateSigningKeys, keys.rotate)


def answer_ways_in(
    bus: MessageBus,
    accounts: Accounts,
    codes: Codes,
    *,
    ownership: Ownership,
    by_mail: MailSignIn,
    with_google: GoogleSignIn,
    passwords: PasswordChanges,
) -> None:
    bus.answer(rpc.SignUp, accounts.sign_up)
    bus.answer(rpc.LogIn, accounts.log_in)
    bus.answer(rpc.GetLetter, codes.letter)
    bus.answer(rpc.GetAddressee, codes.addressee)
    bus.answer(rpc.AskToVerify, ownership.ask)
    bus.answer(rpc.VerifyEmail, ownership.confirm)
    bus.answer(rpc.AskToSignIn, by_mail.ask)
    bus.answer(rpc.SignInByMail, by_mail.enter)
    bus.answer(rpc.SignInWithGoogle, with_google.enter)
    bus.answer(rpc.ForgotPassword, passwords.forgot)
    bus.answer(rpc.ResetPassword, passwords.reset)
    bus.answer(rpc.ChangePassword, passwords.change)


def answer_about_people(bus: MessageBus, queries: Queries, search: PeopleSearch) -> None:
    bus.answer(rpc.PeopleByIds, queries.people)
    bus.answer(rpc.SearchPeople, search.search)


def answer_about_profiles(
    bus: MessageBus, queries: Queries, profiles: Profiles, exports: Exports, deletions: Deletions
) -> None:
    bus.answer(rpc.GetProfile, queries.profile)
    bus.answer(rpc.UpdateProfile, profiles.update)
    bus.answer(rpc.GetExport, exports.get)
    bus.answer(rpc.RequestDeletion, deletions.request)
