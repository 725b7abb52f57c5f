"""The rules of accounts. What is personal about a person is in no event and no state."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from kernel.decider import Decider

HowChanged = Literal["changed", "reset", "set"]


@dataclass(frozen=True, slots=True)
class Account:
    signed_up: bool = False
    verified: bool = False


@dataclass(frozen=True, slots=True)
class SignUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class LockAccount:
    """`user_id` may be nobody's: a guess at an unknown address goes the same way as any other, to nothing."""

    user_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """The address has been shown to be theirs. `referrer_id`: who is to be paid for it, with them."""

    user_id: int
    referrer_id: int | None


@dataclass(frozen=True, slots=True)
class ChangePassword:
    user_id: int
    how: HowChanged


AccountCommand = SignUp | LockAccount | VerifyEmail | ChangePassword


@dataclass(frozen=True, slots=True)
class UserSignedUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class AccountLocked:
    user_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class EmailVerified:
    user_id: int


@dataclass(frozen=True, slots=True)
class ReferralCompleted:
    user_id: int
    referrer_id: int


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    user_id: int
    how: HowChanged


AccountEvent = UserSignedUp | AccountLocked | EmailVerified | ReferralCompleted | PasswordChanged


def decide_account(command: AccountCommand, account: Account, _: datetime) -> list[AccountEvent]:
    match command:
        case SignUp(user_id=user_id):
            return [] if account.signed_up else [UserSignedUp(user_id)]
        case LockAccount(user_id=user_id, until=until):
            return [AccountLocked(user_id, until)] if account.signed_up else []
        case VerifyEmail():
            return _verify(command) if account.signed_up and not account.verified else []
        case ChangePassword(user_id=user_id, how=how):
            return [PasswordChanged(user_id, how)] if account.signed_up else []
        case _:
            assert_never(command)


def _verify(command: VerifyEmail) -> list[AccountEvent]:
    verified = EmailVerified(command.user_id)
    if command.referrer_id is None:
        return [verified]
    return [verified, ReferralCompleted(command.user_id, command.referrer_id)]


def evolve_account(account: Account, event: AccountEvent) -> Account:
    match event:
        case UserSignedUp():
            return replace(account, signed_up=True)
        case EmailVerified():
            return replace(account, verified=True)
        case AccountLocked() | ReferralCompleted() | PasswordChanged():
            return account
        case _:
            assert_never(event)


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(
    category="user",
    initial=Account(),
    decide=decide_account,
    evolve=evolve_account,
    events=(UserSignedUp, AccountLocked, EmailVerified, ReferralCompleted, PasswordChanged),
)
