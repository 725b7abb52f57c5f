"""Who sells, as it stands on receipts."""

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
