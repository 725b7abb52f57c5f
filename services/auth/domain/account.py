"""The rules of accounts. What is personal about a person is in no event and no state."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Account:
    signed_up: bool = False


@dataclass(frozen=True, slots=True)
class SignUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class LockAccount:
    """`user_id` may be nobody's: a guess at an unknown address goes the same way as any other, to nothing."""

    user_id: int
    until: datetime


AccountCommand = SignUp | LockAccount


@dataclass(frozen=True, slots=True)
class UserSignedUp:
    user_id: int


@dataclass(frozen=True, slots=True)
class AccountLocked:
    user_id: int
    until: datetime


AccountEvent = UserSignedUp | AccountLocked


def decide_account(command: AccountCommand, account: Account, _: datetime) -> list[AccountEvent]:
    match command:
        case SignUp(user_id=user_id):
            return [] if account.signed_up else [UserSignedUp(user_id)]
        case LockAccount(user_id=user_id, until=until):
            return [AccountLocked(user_id, until)] if account.signed_up else []
        case _:
            assert_never(command)


def evolve_account(account: Account, event: AccountEvent) -> Account:
    match event:
        case UserSignedUp():
            return replace(account, signed_up=True)
        case AccountLocked():
            return account
        case _:
            assert_never(event)


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(
    category="user",
    initial=Account(),
    decide=decide_account,
    evolve=evolve_account,
    events=(UserSignedUp, AccountLocked),
)
