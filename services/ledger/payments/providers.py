"""Which payment houses are open here."""

from collections.abc import Sequence

from contracts.errors import ServiceError
from services.ledger.payments.ports import Provider


class PaymentsOff(ServiceError):
    def __init__(self) -> None:
        super().__init__("PAYMENTS_OFF", "Payments are switched off here.")


class PaymentMethodUnsupported(ServiceError):
    def __init__(self) -> None:
        super().__init__("PAYMENT_METHOD_UNSUPPORTED", "This way of paying is not offered here.")


class Providers:
    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}

    def all(self) -> list[Provider]:
        """Errors: PAYMENTS_OFF."""
        if not self._providers:
            raise PaymentsOff
        return list(self._providers.values())

    def chosen(self, method: str) -> Provider:
        """By a customer. Errors: PAYMENTS_OFF, PAYMENT_METHOD_UNSUPPORTED."""
        for provider in self.all():
            if provider.name == method:
                return provider
        raise PaymentMethodUnsupported

    def of(self, name: str) -> Provider:
        """The one with which something was begun. Errors: PAYMENTS_OFF."""
        try:
            return self.chosen(name)
        except PaymentMethodUnsupported:
            raise PaymentsOff from None

    async def close(self) -> None:
        for provider in self._providers.values():
            provider.close()
