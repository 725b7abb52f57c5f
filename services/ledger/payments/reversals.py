"""Money that goes back, and what that costs whoever paid it: the same for an order and a subscription's period."""

from dataclasses import dataclass, field, replace

from contracts.errors import ServiceError
from services.ledger.payments.words import ReversalKind, ReversalSeen


class NotCapturedYet(ServiceError):
    """What goes back must have come first: the report of that is on its way."""

    def __init__(self) -> None:
        super().__init__("SERVICE_UNAVAILABLE", "This payment is not known yet. Please try again.")


@dataclass(frozen=True, slots=True)
class Reversal:
    kind: ReversalKind
    amount: int
    stands: bool


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment, and the `credits` that it bought: none, if it came too much. `taken`: credits that its reversals have
    cost the buyer so far.
    """

    amount: int
    credits: int
    reversals: dict[str, Reversal] = field(default_factory=dict)
    taken: int = 0

    def owed_for(self, seen: ReversalSeen) -> int | None:
        """Credits that are to be taken back for it; negative: to be given back. None: it is no news.

        A reversal that was undone stays so: a report of its beginning may come late.
        """
        known = self.reversals.get(seen.reversal_id)
        if known and (known.stands == seen.stands or not known.stands):
            return None
        after = {**self.reversals, seen.reversal_id: Reversal(seen.kind, seen.amount, seen.stands)}
        return self._owed(after) - self.taken

    def lets_stand(self, seen: ReversalSeen) -> bool:
        """Whether it stands, after all that was told of it."""
        known = self.reversals.get(seen.reversal_id)
        return seen.stands and (known is None or known.stands)

    def after(self, reversal_id: str, reversal: Reversal, owed: int) -> "Paid":
        return replace(self, reversals={**self.reversals, reversal_id: reversal}, taken=self.taken + owed)

    def refunded(self) -> int:
        """How much of the money has gone back."""
        return sum(found.amount for found in self.reversals.values() if found.kind == "refund" and found.stands)

    def refunded_before(self, reversal_id: str) -> int:
        """How much had gone back when this refund was told."""
        told = list(self.reversals)
        before = [self.reversals[each] for each in told[: told.index(reversal_id)]]
        return sum(found.amount for found in before if found.kind == "refund" and found.stands)

    def worth(self, amount: int) -> int:
        """Credits that go with so much of the money: as large a part of them, rounded down."""
        return self.credits * min(amount, self.amount) // self.amount if self.credits else 0

    def _owed(self, reversals: dict[str, Reversal]) -> int:
        """Credits that are not the buyer's any more."""
        return self.worth(sum(reversal.amount for reversal in reversals.values() if reversal.stands))
