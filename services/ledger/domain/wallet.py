"""The rules of credits. One stream per wallet; credits are whole numbers.

A picture's credits are held first and settled when the picture is there; a hold that is not settled is released. Who
calls gives each command a key, so every one of them takes effect once. Nothing is ever negative but the balance of
one who owes: a refund or dispute took back what was spent already.
"""

from datetime import datetime
from functools import partial
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider
from kernel.values import replace
from services.ledger.domain.commands import (
    Command,
    ExpireHold,
    ExpireLots,
    GrantCredits,
    HoldCredits,
    HoldTogether,
    ReleaseHold,
    SettleHold,
    SpendCredits,
    TakeBack,
)
from services.ledger.domain.events import (
    EVENTS,
    CreditsDebited,
    CreditsExpired,
    CreditsGranted,
    CreditsHeld,
    CreditsLow,
    CreditsRefused,
    CreditsReleased,
    CreditsSpent,
    CreditsTakenBack,
    Event,
    ReleaseRemembered,
)
from services.ledger.domain.lots import Parts, draw, ends_of, expired, moved, place_for, up_to
from services.ledger.domain.state import Wallet, evolve, fold

LOW_MARK = 100
GIVING = frozenset({GrantCredits, ReleaseHold, ExpireHold})
"""What brings credits into a wallet."""


class InvalidAmount(ServiceError):
    """Credits are positive whole numbers."""

    def __init__(self, credits_: int) -> None:
        super().__init__("VALIDATION_ERROR", f"An amount of credits must be positive, not {credits_}.")


class InsufficientCredits(ServiceError):
    def __init__(self, needed: int, available: int) -> None:
        details = {"required": needed, "available": available}
        super().__init__("INSUFFICIENT_CREDITS", f"You need {needed} credits and have {available}.", details)


def decide(command: Command, wallet: Wallet, now: datetime, *, low_mark: int = LOW_MARK) -> list[Event]:
    """What the command makes happen, after what time has made happen to the lots, and the warning that it may need."""
    amount = getattr(command, "credits", 1)  # what has none needs none
    if amount <= 0:
        raise InvalidAmount(amount)
    events: list[Event] = _expiry(command.user_id, wallet, now)
    after = fold(wallet, events) if events else wallet
    own = _decide(command, after, now)
    events += own
    if own and type(command) in GIVING:
        events += _expiry(command.user_id, fold(after, own), now)  # what came back may have expired meanwhile
    if events and not wallet.low and events[-1].balance < min(low_mark, wallet.balance):
        events.append(CreditsLow(command.user_id, low_mark, events[-1].balance))
    return events


def _decide(command: Command, wallet: Wallet, now: datetime) -> list[Event]:
    match command:
        case SpendCredits():
            return [_spent(command, wallet)]
        case GrantCredits():
            return _grants(command, wallet)
        case TakeBack():
            return [_taken_back(command, wallet)]
        case HoldCredits():
            return _hold(command, wallet)
        case HoldTogether():
            return _hold_together(command, wallet)
        case SettleHold():
            return [_debited(command, wallet)]
        case ReleaseHold(creation_id=creation_id, reason=reason):
            if creation_id in wallet.holds:
                return [_release(wallet, command.user_id, creation_id, reason)]
            return [ReleaseRemembered(command.user_id, creation_id, wallet.balance)]
        case ExpireHold(creation_id=creation_id):
            hold = wallet.holds.get(creation_id)
            if hold is None or hold.expires_at > now:
                return []
            return [_release(wallet, command.user_id, creation_id, "expired")]
        case ExpireLots():
            return []
        case _:
            assert_never(command)


_Place = tuple[int, int, int, int, int]
"""An entry's place in the history: balance, total, number, number of its kind, earned."""


def _earning(wallet: Wallet, amount: int) -> _Place:
    balance, number = wallet.balance + amount, wallet.earned_entries + 1
    return (balance, balance + wallet.pending, number + wallet.spent_entries, number, wallet.earned + amount)


def _spending(wallet: Wallet, amount: int) -> _Place:
    balance, number = wallet.balance - amount, wallet.spent_entries + 1
    return (balance, balance + wallet.pending, number + wallet.earned_entries, number, wallet.earned)


def _grants(command: GrantCredits, wallet: Wallet) -> list[Event]:
    """What is given back ends when what was taken would have. The rest was taken of what never ends, or of what came
    later to fill the hole, and goes back as the command says: first, so that it fills what is left of the hole.
    """
    if command.source != "refund":
        return [_granted(command, wallet)]
    ends = up_to(wallet.taken.get(command.reference or "", ()), command.credits)
    rest = command.credits - sum(credits_ for _, credits_ in ends)
    events: list[Event] = [_granted(replace(command, credits=rest), wallet)] if rest else []
    for end, credits_ in ends:
        part = replace(command, credits=credits_, expires_at=end)
        events.append(replace(_granted(part, fold(wallet, events)), given_back=end))
    return events


def _granted(command: GrantCredits, wallet: Wallet) -> CreditsGranted:
    lot, expires_at = place_for(
        wallet.lots, wallet.lots_made, command.source, bought=command.bought, expires_at=command.expires_at
    )
    return CreditsGranted(
        command.user_id,
        command.credits,
        command.reason,
        command.description,
        *_earning(wallet, command.credits),
        source=command.source,
        bought=command.bought,
        expires_at=expires_at,
        reference=command.reference,
        lot=lot,
        filled=min(command.credits, max(0, -wallet.balance)),
    )


def _spent(command: SpendCredits, wallet: Wallet) -> CreditsSpent:
    if command.credits > wallet.balance:
        raise InsufficientCredits(command.credits, wallet.balance)
    return CreditsSpent(
        command.user_id,
        command.credits,
        command.reason,
        command.description,
        command.reference,
        draw(wallet.lots, command.credits),
        *_spending(wallet, command.credits),
    )


def _taken_back(command: TakeBack, wallet: Wallet) -> CreditsTakenBack:
    if command.reason == "adjustment" and command.credits > wallet.balance:
        raise InsufficientCredits(command.credits, wallet.balance)
    reference = command.reference
    own = [number for number, lot in wallet.lots.items() if reference and lot.reference == reference]
    lots = draw(wallet.lots, command.credits, first=own)
    return CreditsTakenBack(
        command.user_id,
        command.credits,
        command.reason,
        command.description,
        reference,
        lots,
        *_spending(wallet, command.credits),
        ends=ends_of(wallet.lots, lots) if command.reason != "adjustment" else (),
    )


def _expiry(user_id: int, wallet: Wallet, now: datetime) -> list[Event]:
    over = expired(wallet.lots, now)
    if not over:
        return []
    parts = tuple((number, wallet.lots[number].credits) for number in over)
    amount = sum(credits_ for _, credits_ in parts)
    return [CreditsExpired(user_id, amount, parts, *_spending(wallet, amount))]


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
            lots=draw(wallet.lots, command.credits),
        ),
    ]


def _hold_together(command: HoldTogether, wallet: Wallet) -> list[Event]:
    """All that are not over yet, or none. However many they are, one who has nothing open may have them."""
    wanted = [each for each in command.creation_ids if each not in wallet.holds and each not in wallet.released]
    needed = command.credits * len(wanted)
    reason = None
    if wallet.holds and len(wallet.holds) + len(wanted) > command.max_open_holds:
        reason = "too_many_holds"
    elif needed > wallet.balance:
        reason = "insufficient_credits"
    events: list[Event] = []
    for creation_id in command.creation_ids:
        if reason and creation_id in wanted:
            events.append(CreditsRefused(command.user_id, creation_id, needed, reason, wallet.balance))
            continue
        limit = len(command.creation_ids) + len(wallet.holds) + 1  # looked at above, for all of them
        one = HoldCredits(command.user_id, creation_id, command.credits, command.expires_at, limit, command.description)
        events += _hold(one, fold(wallet, events))
    return events


def _debited(command: SettleHold, wallet: Wallet) -> CreditsDebited:
    hold = wallet.holds.get(command.creation_id)
    amount = hold.credits if hold else min(command.credits, max(0, wallet.balance))
    return CreditsDebited(
        command.user_id,
        command.creation_id,
        amount,
        hold.description if hold else command.description,
        hold is None,
        wallet.balance if hold else wallet.balance - amount,
        *_spending(wallet, amount)[1:],
        hold.lots if hold else draw(wallet.lots, amount),
    )


def _release(wallet: Wallet, user_id: int, creation_id: int, reason: str) -> CreditsReleased:
    hold = wallet.holds[creation_id]
    filled: Parts = ()
    if wallet.balance < 0:
        filled = draw(moved(wallet.lots, hold.lots, 1, -1), -wallet.balance)
    balance = wallet.balance + hold.credits
    return CreditsReleased(user_id, creation_id, hold.credits, reason, balance, lots=hold.lots, filled=filled)


WalletDecider = Decider[Command, Wallet, Event]


def wallet_decider(low_mark: int = LOW_MARK) -> WalletDecider:
    """The rules of wallets; below `low_mark` credits a balance is low. 0: none ever is."""
    return Decider("wallet", Wallet(), partial(decide, low_mark=low_mark), evolve, EVENTS)


WALLET = wallet_decider()


def is_wallet(stream_id: str) -> bool:
    return stream_id.startswith("wallet-")
