"""What is asked of a payment house, whichever it is."""

from dataclasses import dataclass
from typing import Protocol

from contracts.errors import ServiceError
from contracts.rpc.payments import ProviderName
from services.ledger.payments.words import Notice, PaymentSeen, PeriodPaid, Report, ReversalSeen


class ProviderAway(ServiceError):
    """No answer in time, or none that can be read: what was asked may have been done all the same."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "The payment provider does not answer right now. Please try again.")


class ProviderRefused(ServiceError):
    """The provider has read what was asked, and will not do it. `reason`: in its words, for an administrator."""

    def __init__(self, reason: str = "") -> None:
        super().__init__("PAYMENT_FAILED", "The payment provider refused this. Please try again.")
        self.reason = reason


class InvalidSignature(ServiceError):
    def __init__(self) -> None:
        super().__init__("INVALID_SIGNATURE", "The signature is not right.")


@dataclass(frozen=True, slots=True)
class Placed:
    """What the provider made for us: its id, and the page where it is paid if the provider has one."""

    ref: str
    checkout_url: str | None = None


class Provider(Protocol):
    """Every call has a time limit, and raises ProviderAway or ProviderRefused. Calls that make something may be
    repeated with the same id of ours, and make it once or leave behind what nobody can pay.
    """

    name: ProviderName
    public_key: str
    """What the app needs; no secret."""

    async def place(self, order_id: int, amount: int, currency: str, description: str) -> Placed:
        """Make an order that can be paid once."""

    def is_signed(self, order_ref: str, payment_id: str, signature: str) -> bool:
        """Whether this is what the checkout gave to whoever paid."""

    async def payment(self, order_ref: str, payment_id: str, /) -> PaymentSeen | None:
        """The payment as it is now. None: there is no such payment."""

    async def capture(self, payment: PaymentSeen) -> PaymentSeen:
        """Take a payment that was authorized."""

    async def payments_of(self, order_ref: str) -> list[PaymentSeen]:
        """Every payment that was tried for an order."""

    async def refund(self, payment_id: str, amount: int, mark: str) -> ReversalSeen:
        """Give back a part or all of a payment, once for each mark, however often it is asked and whatever was lost."""

    async def refund_made(self, payment_id: str, mark: str) -> ReversalSeen | None:
        """The refund of that mark as it is now; nothing is made. None: there is none."""

    async def order_of(self, payment_id: str) -> str | None:
        """The order that a payment is for."""

    def notice(self, body: str, signature: str, event_id: str) -> Notice:
        """A call of the webhook, read. Errors: INVALID_SIGNATURE, VALIDATION_ERROR."""

    async def subscribe(self, subscription_id: int, plan_ref: str) -> Placed:
        """Begin a subscription, which starts when its first period is paid."""

    async def change_plan(self, subscription_ref: str, plan_ref: str) -> None:
        """From the next period on."""

    async def stop_renewal(self, subscription_ref: str) -> None:
        """Charge nothing more; it can be taken back until the period ends."""

    async def resume_renewal(self, subscription_ref: str) -> None: ...

    async def end(self, subscription_ref: str) -> None:
        """For good, at once. Harmless when it has ended."""

    async def reports_of(self, subscription_id: int, subscription_ref: str) -> list[Report]:
        """What its webhook should have told of a subscription: the paid periods, oldest first, and its end."""

    async def period_of(self, charge_id: str) -> PeriodPaid | None:
        """The period of a subscription of ours that a charge paid for. None: it is for none."""

    async def charge_of(self, payment_id: str) -> str | None:
        """What refunds of a period's payment are made of, by the id that it was credited under. None: nothing was
        charged for it.
        """

    async def period_payment(self, payment_id: str) -> PaymentSeen | None:
        """A period's payment as it is now, by the id that it was credited under. None: there is no such payment."""

    def close(self) -> None: ...
