"""What a bench found: a line with its figures, the reference of the same run, the ratio and the goal."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, width=120)


@dataclass(frozen=True, slots=True)
class Line:
    """`goal` is met when `met`; `reference` is empty where the goal is absolute, and `goal` where there is none."""

    what: str
    measured: str
    reference: str
    goal: str
    met: bool

    def markdown(self) -> str:
        met = ("yes" if self.met else "**no**") if self.goal else ""
        return f"| {self.what} | {self.measured} | {self.reference} | {self.goal} | {met} |"


def show(lines: list[Line]) -> None:
    table = Table("what", "measured", "reference, same run", "goal", "met")
    for line in lines:
        met = ("yes" if line.met else "[red]no[/]") if line.goal else ""
        table.add_row(line.what, line.measured, line.reference, line.goal, met)
    console.print(table)


def percentile_ms(seconds: list[float], percent: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"


def write(lines: list[Line]) -> None:
    """Put the figures into docs/performance.md, between its two marks."""
    text = PERFORMANCE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    table = ["| what | measured | reference, same run | goal | met |", "|---|---|---|---|---|"]
    table += [line.markdown() for line in lines]
    figures = "\n".join([BEGIN, f"Measured by `make bench` on {machine}.", "", *table, END])
    PERFORMANCE.write_text(before + figures + after, encoding="utf-8")
    console.print(f"written to {PERFORMANCE}")
