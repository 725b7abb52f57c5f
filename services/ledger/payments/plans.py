"""The plans that can be subscribed to. A subscription keeps the terms it was begun with."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import ServiceError
from contracts.rpc import payments as rpc
from services.ledger.payments.packages import CURRENCY, PAISE, SYMBOL
from services.ledger.payments.subscription import Terms


class PlanNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("PLAN_NOT_FOUND", "There is no such plan.")


@dataclass(frozen=True, slots=True)
class Plan:
    """`price_inr` a month in rupees, all taxes included."""

    id: str
    name: str
    credits: int
    price_inr: int
    credits_expire: bool

    @property
    def terms(self) -> Terms:
        return Terms(self.id, self.credits, self.price_inr * PAISE, CURRENCY, self.credits_expire)

    def shown(self) -> rpc.SubscriptionPlan:
        return rpc.SubscriptionPlan(
            id=self.id,
            name=self.name,
            credits=self.credits,
            price=self.price_inr,
            currency=CURRENCY,
            price_formatted=f"{SYMBOL}{self.price_inr}",
            credits_expire=self.credits_expire,
        )


PLANS: Mapping[str, Plan] = {
    found.id: found
    for found in (
        Plan("plus", "MagicPic Plus", 3000, 199, credits_expire=True),
        Plan("pro", "MagicPic Pro", 10000, 499, credits_expire=False),
    )
}


def plan(plan_id: str | None) -> Plan:
    """Errors: PLAN_NOT_FOUND."""
    found = PLANS.get(plan_id or "")
    if found is None:
        raise PlanNotFound
    return found


def shown_plans() -> rpc.SubscriptionPlans:
    return rpc.SubscriptionPlans(items=[found.shown() for found in PLANS.values()], total=len(PLANS))
