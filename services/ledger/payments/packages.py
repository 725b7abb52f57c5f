"""What is for sale, at which price. An order keeps what it was opened with, so a change here changes no order."""

from dataclasses import dataclass

from contracts.errors import ServiceError
from contracts.rpc import payments as rpc

CURRENCY = "INR"
PAISE = 100
SYMBOL = "₹"


class PackageNotFound(ServiceError):
    def __init__(self) -> None:
        super().__init__("PACKAGE_NOT_FOUND", "There is no such package.")


@dataclass(frozen=True, slots=True)
class Package:
    """`price_inr` in rupees, all taxes included. `discount_percent`: against the first package's price of a credit."""

    id: int
    name: str
    credits: int
    price_inr: int
    discount_percent: int = 0
    popular: bool = False
    badge: str | None = None

    @property
    def amount_paise(self) -> int:
        return self.price_inr * PAISE

    def shown(self) -> rpc.Package:
        return rpc.Package(
            id=self.id,
            name=self.name,
            credits=self.credits,
            price=self.price_inr,
            currency=CURRENCY,
            price_formatted=f"{SYMBOL}{self.price_inr}",
            per_credit_cost=round(self.price_inr / self.credits, 3),
            popular=self.popular,
            discount_percent=self.discount_percent,
            badge=self.badge,
        )


PACKAGES = (
    Package(1, "Starter Pack", 500, 49),
    Package(2, "Value Pack", 1500, 129, discount_percent=12, popular=True, badge="Best Value"),
    Package(3, "Pro Pack", 5000, 399, discount_percent=18),
)


def package(package_id: int) -> Package:
    """Errors: PACKAGE_NOT_FOUND."""
    for found in PACKAGES:
        if found.id == package_id:
            return found
    raise PackageNotFound


def shown_packages() -> rpc.Packages:
    return rpc.Packages(items=[found.shown() for found in PACKAGES], total=len(PACKAGES))
