"""Who sells and who buys, as they stand on receipts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seller:
    """Without a `gstin` there is no tax on a receipt: who is not registered must not charge it."""

    name: str
    address: str
    gstin: str
    state: str
    sac: str
    gst_percent: int

    @property
    def state_code(self) -> str:
        return self.gstin[:2]


@dataclass(frozen=True, slots=True)
class Billed:
    """What whoever bought has told of themselves. `state`: its code."""

    name: str
    address: str
    gstin: str | None
    state: str
