"""What an audit found."""

from dataclasses import dataclass, field

MAX_FAULTS = 1000


@dataclass(slots=True)
class Report:
    """`faults` must be empty; `notes` are rare but allowed (late debits, debts).

    `head` is the newest link of the journal's chain, `position:hash`. Kept elsewhere, it witnesses all before it.
    """

    wallets: int = 0
    streams: int = 0
    events: int = 0
    balance: int = 0
    pending: int = 0
    head: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(text)

    def note(self, text: str) -> None:
        if len(self.notes) < MAX_FAULTS:
            self.notes.append(text)
