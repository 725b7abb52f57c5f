"""SDKs that block, off the event loop: a few threads, and nobody waits longer than a while."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from contracts.errors import ServiceError
from kernel.logging import log
from services.ledger.payments.ports import ProviderAway

WORKERS = 8
T = TypeVar("T")


class Threads:
    """`timeout_s`: in seconds, for all of a call, waiting for a thread included."""

    def __init__(self, provider: str, *, timeout_s: float) -> None:
        self._provider = provider
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix=provider)

    async def run(self, call: Callable[[], T]) -> T:
        """Errors: those of the call that are ours; ProviderAway for what cannot be read, and when time is up."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except ServiceError:
            raise
        except TimeoutError:
            log.warning("a payment provider did not answer in time", provider=self._provider)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("a payment provider's answer cannot be read", provider=self._provider, error=type(error).__name__)
        raise ProviderAway

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
