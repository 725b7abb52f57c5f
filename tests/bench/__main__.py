"""`python -m tests.bench [--short] [NAME …]`: run the benches, show the table, write docs/performance.md.

`--short` is for CI: smaller, and nothing is written; it shows that the benches run, not how fast.
"""

import argparse
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

from kernel.logging import configure_logging
from tests.bench import (
    battles,
    boards,
    consume,
    gateway,
    generation,
    growth,
    ledger,
    machine,
    money,
    people,
    search,
    sockets,
    votes,
)
from tests.bench.report import Line, show, write

Bench = Callable[..., Coroutine[Any, Any, list[Line]]]
BENCHES: dict[str, Bench] = {
    "machine": machine.bench,
    "ledger": ledger.bench,
    "money": money.bench,
    "consume": consume.bench,
    "gateway": gateway.bench,
    "generation": generation.bench,
    "growth": growth.bench,
    "people": people.bench,
    "boards": boards.bench,
    "sockets": sockets.bench,
    "search": search.bench,
    "votes": votes.bench,
    "battles": battles.bench,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(BENCHES))
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    configure_logging("bench", "ERROR")
    lines: list[Line] = []
    for name in options.names or BENCHES:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            found = uvloop.run(BENCHES[name](Path(directory), short=options.short))
        show(found)
        lines += found
    if not options.short and not options.names:
        write(lines)


if __name__ == "__main__":
    main()
