"""What a bench found: a line with its figures, the reference of the same run, the ratio and the goal."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, width=120)


@dataclass(frozen=True, slots=True)
class Line:
    """`goal` is met when `met`; `reference` is empty where the goal is absolute."""

    what: str
    measured: str
    reference: str
    goal: str
    met: bool

    def markdown(self) -> str:
        return f"| {self.what} | {self.measured} | {self.reference} | {self.goal} | {'yes' if self.met else '**no**'} |"


def show(lines: list[Line]) -> None:
    table = Table("what", "measured", "reference, same run", "goal", "met")
    for line in lines:
        table.add_row(line.what, line.measured, line.reference, line.goal, "yes" if line.met else "[red]no[/]")
    console.print(table)


def percentile_ms(seconds: list[float], percent: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000
