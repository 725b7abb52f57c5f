"""argon2id in a small pool of threads, away from the event loop, with a bounded queue before it."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id
from prometheus_client import Histogram

from contracts.errors import ServiceError
from services.auth.credentials import LONGEST_PASSWORD

T = TypeVar("T")
PASSWORD_SECONDS = Histogram("password_seconds", "Seconds of argon2id, waiting for a thread included", ["work"])


@dataclass(frozen=True, slots=True)
class Argon2:
    """The parameters of RFC 9106: memory and passes over it. libsodium fills it in one lane."""

    memory_kib: int
    passes: int


class Passwords:
    """At most `workers` at work and `waiting` behind them; whoever comes then meets SERVICE_UNAVAILABLE at once."""

    def __init__(self, argon2: Argon2, *, workers: int, waiting: int) -> None:
        self._argon2 = argon2
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="passwords")
        self._places = workers + waiting
        self._nobodys = self._hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Errors: SERVICE_UNAVAILABLE."""
        return await self._run("hash", lambda: self._hash(_prepared(password)))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `kept` is this password's hash. Without one the same work is done, and the answer is no.

        Errors: SERVICE_UNAVAILABLE, and then nothing was verified.
        """

        def check() -> bool:
            try:
                argon2id.verify((kept or self._nobodys).encode(), _prepared(password).encode())
            except InvalidkeyError:
                return False
            return kept is not None

        return await self._run("verify", check)

    def outdated(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than those of today."""
        return not kept.startswith(f"$argon2id$v=19$m={self._argon2.memory_kib},t={self._argon2.passes},p=1$")

    def _hash(self, password: str) -> str:
        kept = argon2id.str(password.encode(), opslimit=self._argon2.passes, memlimit=self._argon2.memory_kib * 1024)
        return kept.decode()

    async def _run(self, kind: str, work: Callable[[], T]) -> T:
        if self._places == 0:
            raise ServiceError("SERVICE_UNAVAILABLE", "Too many are signing in. Please try again in a moment.")
        self._places -= 1
        try:
            with PASSWORD_SECONDS.labels(kind).time():
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._places += 1


def _prepared(password: str) -> str:
    """One form for whatever way a keyboard composes an accent: NFC, as RFC 8265 §4.2.1 (OpaqueString) has it.

    What is longer than any password is cut first, since normal forms cost more than linear time; but to one character
    more than the longest, so that it stays wrong.
    """
    return unicodedata.normalize("NFC", password[: LONGEST_PASSWORD + 1])
