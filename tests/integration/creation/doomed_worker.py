"""A worker process that begins to paint and never finishes: `python -m … SETTINGS_JSON ACK_WAIT_S`. Tests kill it.

With `firsts` behind that it does finish the first picture of each job.
"""

import asyncio
import sys

from services.creation.app import CreationSettings
from services.creation.worker import build_worker
from tests.integration.creation.painters import FirstsPainter, PatientPainter


async def main() -> None:
    settings = CreationSettings.model_validate_json(sys.argv[1])
    painter = FirstsPainter() if "firsts" in sys.argv else PatientPainter()
    worker = build_worker(settings, painter, ack_wait_s=float(sys.argv[2]))
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
