"""The walk through accounts in docs/accounts.md, line by line, as a reader would paste it."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.stack import Stack

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS = re.compile(r"^(?!\s*#).*\S\s+# (\d+|True|False|INVALID_TOKEN)\b", re.MULTILINE)


async def test_the_walk_through_accounts_does_what_it_says(stack: Stack) -> None:
    blocks = BLOCK.findall((ROOT / "docs/accounts.md").read_text())
    promised = [said for block in blocks for said in SAYS.findall(block)]
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
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rest = done.stdout
    for said in promised:  # in this order, among all else that is printed
        assert said in rest, f"{said} is not in {rest}, of {done.stdout}"
        rest = rest[rest.index(said) + len(said) :]
