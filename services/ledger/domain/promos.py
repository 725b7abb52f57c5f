"""Promo codes: so many credits, so many times, until a day. One stream per code, so its limit is exact.

How often one person has used a code is not kept here, for a popular code has many people: `nth` says which of their
uses it is, and each can be there once only (`redemptions`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from contracts.errors import ServiceError
from kernel.decider import Decider


@dataclass(frozen=True, slots=True)
class Promo:
    """`credits` is 0 while there is no such code. `life_days`: how long its credits live; None: for ever."""

    credits: int = 0
    limit: int = 0
    per_person: int = 1
    expires_at: datetime | None = None
    life_days: int | None = None
    used: int = 0


@dataclass(frozen=True, slots=True)
class CreatePromo:
    code: str
    by: int
    credits: int
    limit: int
    per_person: int
    expires_at: datetime | None
    life_days: int | None


@dataclass(frozen=True, slots=True)
class RedeemPromo:
    code: str
    user_id: int
    nth: int


Command = CreatePromo | RedeemPromo


@dataclass(frozen=True, slots=True)
class PromoCreated:
    code: str
    by: int
    credits: int
    limit: int
    per_person: int
    expires_at: datetime | None
    life_days: int | None


@dataclass(frozen=True, slots=True)
class PromoRedeemed:
    code: str
    user_id: int
    nth: int
    credits: int
    credits_expire_at: datetime | None


Event = PromoCreated | PromoRedeemed


class PromoExists(ServiceError):
    def __init__(self) -> None:
        super().__init__("PROMO_EXISTS", "There is such a code already.")


class UnknownPromo(ServiceError):
    def __init__(self) -> None:
        super().__init__("PROMO_NOT_FOUND", "There is no such code.")


class PromoEnded(ServiceError):
    def __init__(self) -> None:
        super().__init__("PROMO_ENDED", "This code has expired or was used up.")


class PromoAlreadyUsed(ServiceError):
    def __init__(self) -> None:
        super().__init__("PROMO_ALREADY_USED", "You have used this code already.")


def decide(command: Command, promo: Promo, now: datetime) -> list[Event]:
    match command:
        case CreatePromo():
            if promo.credits:
                raise PromoExists
            if min(command.credits, command.limit, command.per_person, command.life_days or 1) < 1:
                raise ServiceError("VALIDATION_ERROR", "A code's credits and limits must be positive.")
            return [
                PromoCreated(
                    command.code,
                    command.by,
                    command.credits,
                    command.limit,
                    command.per_person,
                    command.expires_at,
                    command.life_days,
                )
            ]
        case RedeemPromo(code=code, user_id=user_id, nth=nth):
            if not promo.credits:
                raise UnknownPromo
            if nth > promo.per_person:
                raise PromoAlreadyUsed
            if promo.used >= promo.limit or (promo.expires_at and promo.expires_at <= now):
                raise PromoEnded
            until = now + timedelta(days=promo.life_days) if promo.life_days else None
            return [PromoRedeemed(code, user_id, nth, promo.credits, until)]
        case _:
            assert_never(command)


def evolve(promo: Promo, event: Event) -> Promo:
    match event:
        case PromoCreated():
            return Promo(event.credits, event.limit, event.per_person, event.expires_at, event.life_days)
        case PromoRedeemed():
            return replace(promo, used=promo.used + 1)
        case _:
            assert_never(event)


PROMO: Decider[Command, Promo, Event] = Decider("promo", Promo(), decide, evolve, (PromoCreated, PromoRedeemed))
