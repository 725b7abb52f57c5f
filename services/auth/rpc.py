"""Requests that auth answers."""

from contracts.rpc import auth as rpc
from kernel.bus import MessageBus
from services.auth.accounts import Accounts
from services.auth.codes import Codes
from services.auth.google_sign_in import GoogleSignIn
from services.auth.mail_sign_in import MailSignIn
from services.auth.ownership import Ownership
from services.auth.password_changes import PasswordChanges
from services.auth.queries import Queries
from services.auth.sessions import Sessions
from services.auth.tokens import Tokens


def answer(bus: MessageBus, accounts: Accounts, sessions: Sessions, queries: Queries, tokens: Tokens) -> None:
    async def jwks(_: rpc.Jwks) -> rpc.KeySet:
        return rpc.KeySet(keys=tokens.key_set())

    bus.answer(rpc.SignUp, accounts.sign_up)
    bus.answer(rpc.LogIn, accounts.log_in)
    bus.answer(rpc.Refresh, sessions.refresh)
    bus.answer(rpc.Me, queries.me)
    bus.answer(rpc.PeopleByIds, queries.people)
    bus.answer(rpc.Jwks, jwks)


def answer_ways_in(
    bus: MessageBus,
    codes: Codes,
    ownership: Ownership,
    by_mail: MailSignIn,
    with_google: GoogleSignIn,
    passwords: PasswordChanges,
) -> None:
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
