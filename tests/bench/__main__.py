"""`python -m tests.bench [--short] [NAME …]`: run the benches, show the table, write docs/performance.md."""

import argparse
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from deploy.local.servers import EmbeddedServers, embedded_servers
from kernel.logging import configure_logging
from tests.bench import ledger
from tests.bench.report import Line, show

Bench = Callable[..., Awaitable[list[Line]]]
BENCHES: dict[str, Bench] = {"ledger": ledger.bench}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], choices=[*BENCHES, []])
    parser.add_argument("--short", action="store_true", help="smaller, for CI; shows no final figures")
    options = parser.parse_args()
    configure_logging("bench", "ERROR")
    lines: list[Line] = []
    for name in options.names or BENCHES:
        with tempfile.TemporaryDirectory() as directory, embedded_servers(Path(directory), durable=True) as servers:
            lines += uvloop.run(_run(BENCHES[name], servers, Path(directory), short=options.short))
    show(lines)


async def _run(bench: Bench, servers: EmbeddedServers, directory: Path, *, short: bool) -> list[Line]:
    return await bench(servers, directory, short=short)


if __name__ == "__main__":
    main()
