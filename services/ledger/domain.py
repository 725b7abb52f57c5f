"""The rules of credits. One stream per wallet; credits are whole numbers; nothing is ever negative.

A picture's credits are held first and settled when the picture is there; a hold that is not settled is released. Who
calls gives each command a key, so every one of them takes effect once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider

REMEMBERED = 50
"""Releases without a hold that a wallet remembers; a job's own messages are never that far apart."""


@dataclass(frozen=True, slots=True)
class Hold:
    credits: int
    expires_at: datetime
    description: str


@dataclass(frozen=True, slots=True)
class Wallet:
    """`balance` can be spent; open holds are kept by creation id. The counts number the history's entries.

    `released` are the last creations whose release came while nothing was held for them: messages can overtake each
    other, and a hold that comes after its release must not be placed.
    """

    balance: int = 0
    holds: dict[int, Hold] = field(default_factory=dict)
    earned: int = 0
    spent: int = 0
    earned_entries: int = 0
    spent_entries: int = 0
    released: tuple[int, ...] = ()

    @property
    def pending(self) -> int:
        return sum(hold.credits for hold in self.holds.values())


@dataclass(frozen=True, slots=True)
class GrantCredits:
    user_id: int
    credits: int
    reason: str
    description: str


@dataclass(frozen=True, slots=True)
class HoldCredits:
    user_id: int
    creation_id: int
    credits: int
    expires_at: datetime
    max_open_holds: int
    description: str


@dataclass(frozen=True, slots=True)
class SettleHold:
    """`credits` and `description` are used only when the hold is gone already: the picture is there, so it is paid."""

    user_id: int
    creation_id: int
    credits: int
    description: str


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    user_id: int
    creation_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ExpireHold:
    user_id: int
    creation_id: int


Command = GrantCredits | HoldCredits | SettleHold | ReleaseHold | ExpireHold


@dataclass(frozen=True, slots=True)
class CreditsGranted:
    """`total` in this and the other entries of the history: balance and held credits together, after it."""

    user_id: int
    credits: int
    reason: str
    description: str
    balance: int
    total: int
    number: int
    number_of_kind: int


@dataclass(frozen=True, slots=True)
class CreditsHeld:
    user_id: int
    creation_id: int
    credits: int
    expires_at: datetime
    description: str
    balance: int


@dataclass(frozen=True, slots=True)
class CreditsRefused:
    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int


@dataclass(frozen=True, slots=True)
class CreditsDebited:
    """`late`: the hold had ended, so the credits came straight from the balance, as far as it reached."""

    user_id: int
    creation_id: int
    credits: int
    description: str
    late: bool
    balance: int
    total: int
    number: int
    number_of_kind: int


@dataclass(frozen=True, slots=True)
class CreditsReleased:
    user_id: int
    creation_id: int
    credits: int
    reason: str
    balance: int


@dataclass(frozen=True, slots=True)
class ReleaseRemembered:
    """A release that found no hold: it ended long ago, or is still to come."""

    user_id: int
    creation_id: int
    balance: int


Event = CreditsGranted | CreditsHeld | CreditsRefused | CreditsDebited | CreditsReleased | ReleaseRemembered


class InvalidAmount(ServiceError):
    """Credits are positive whole numbers."""

    def __init__(self, credits_: int) -> None:
        super().__init__("VALIDATION_ERROR", f"An amount of credits must be positive, not {credits_}.")


def decide(command: Command, wallet: Wallet, now: datetime) -> list[Event]:
    match command:
        case GrantCredits(credits=amount) | HoldCredits(credits=amount) | SettleHold(credits=amount) if amount <= 0:
            raise InvalidAmount(amount)
        case GrantCredits():
            return [_granted(command, wallet)]
        case HoldCredits():
            return _hold(command, wallet)
        case SettleHold():
            return [_debited(command, wallet)]
        case ReleaseHold(creation_id=creation_id, reason=reason):
            if creation_id in wallet.holds:
                return _release(wallet, command.user_id, creation_id, reason)
            return [ReleaseRemembered(command.user_id, creation_id, wallet.balance)]
        case ExpireHold(creation_id=creation_id):
            hold = wallet.holds.get(creation_id)
            if hold is None or hold.expires_at > now:
                return []
            return _release(wallet, command.user_id, creation_id, "expired")
        case _:
            assert_never(command)


def _granted(command: GrantCredits, wallet: Wallet) -> CreditsGranted:
    return CreditsGranted(
        command.user_id,
        command.credits,
        command.reason,
        command.description,
        balance=wallet.balance + command.credits,
        total=wallet.balance + wallet.pending + command.credits,
        number=wallet.earned_entries + wallet.spent_entries + 1,
        number_of_kind=wallet.earned_entries + 1,
    )


def _hold(command: HoldCredits, wallet: Wallet) -> list[Event]:
    if command.creation_id in wallet.holds:
        return []
    reason = None
    if command.creation_id in wallet.released:
        reason = "released"
    elif len(wallet.holds) >= command.max_open_holds:
        reason = "too_many_holds"
    elif command.credits > wallet.balance:
        reason = "insufficient_credits"
    if reason:
        return [CreditsRefused(command.user_id, command.creation_id, command.credits, reason, wallet.balance)]
    return [
        CreditsHeld(
            command.user_id,
            command.creation_id,
            command.credits,
            command.expires_at,
            command.description,
            balance=wallet.balance - command.credits,
        ),
    ]


def _debited(command: SettleHold, wallet: Wallet) -> CreditsDebited:
    hold = wallet.holds.get(command.creation_id)
    amount = hold.credits if hold else min(command.credits, wallet.balance)
    return CreditsDebited(
        command.user_id,
        command.creation_id,
        amount,
        hold.description if hold else command.description,
        late=hold is None,
        balance=wallet.balance if hold else wallet.balance - amount,
        total=wallet.balance + wallet.pending - amount,
        number=wallet.earned_entries + wallet.spent_entries + 1,
        number_of_kind=wallet.spent_entries + 1,
    )


def _release(wallet: Wallet, user_id: int, creation_id: int, reason: str) -> list[Event]:
    hold = wallet.holds[creation_id]
    return [CreditsReleased(user_id, creation_id, hold.credits, reason, balance=wallet.balance + hold.credits)]


def evolve(wallet: Wallet, event: Event) -> Wallet:
    balance, holds, earned, spent = event.balance, wallet.holds, wallet.earned, wallet.spent
    earned_entries, spent_entries, released = wallet.earned_entries, wallet.spent_entries, wallet.released
    match event:
        case CreditsGranted():
            earned, earned_entries = earned + event.credits, earned_entries + 1
        case CreditsHeld():
            holds = {**holds, event.creation_id: Hold(event.credits, event.expires_at, event.description)}
        case CreditsRefused():
            return wallet
        case CreditsDebited():
            holds = _without(holds, event.creation_id)
            spent, spent_entries = spent + event.credits, spent_entries + 1
        case CreditsReleased():
            holds = _without(holds, event.creation_id)
        case ReleaseRemembered():
            released = (*released, event.creation_id)[-REMEMBERED:]
        case _:
            assert_never(event)
    return Wallet(balance, holds, earned, spent, earned_entries, spent_entries, released)


def _without(holds: dict[int, Hold], creation_id: int) -> dict[int, Hold]:
    return {key: hold for key, hold in holds.items() if key != creation_id}


WALLET: Decider[Command, Wallet, Event] = Decider(
    category="wallet",
    initial=Wallet(),
    decide=decide,
    evolve=evolve,
    events=(CreditsGranted, CreditsHeld, CreditsRefused, CreditsDebited, CreditsReleased, ReleaseRemembered),
)
