"""Runs a walk of docs/ line by line, as a reader would paste it, and looks for what its comments promise."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.stack import Stack

ROOT = Path(__file__).parents[2]
WITHIN_S = 240
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS = re.compile(
    r"^(?!\s*#).*\S\s+# (-?\d+|True|False|None|[A-Z]+(?:_[A-Z]+)+|proposed|approved)(?=\W|$)", re.MULTILINE
)


async def walk(stack: Stack, document: str) -> None:
    """A promise is a number, a truth value, an error's code or a status right after the `#` behind a command."""
    blocks = BLOCK.findall((ROOT / document).read_text())
    promised = [said for block in blocks for said in SAYS.findall(block)]
    assert promised
    environment = {**os.environ, **stack.variables, "API": f"{stack.url}/api"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    script = "set -euo pipefail\n" + "\n".join(blocks)
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", script],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for said in promised:  # in this order, among all else that is printed
        assert said in rest, f"{said} is not in {rest}, of {done.stdout}"
        rest = rest[rest.index(said) + len(said) :]
