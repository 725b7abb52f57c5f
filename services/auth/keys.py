"""Signing keys that follow one another. The setting's own key is the first; the others are kept encrypted under it.

A new key is published for some seconds before it signs: by then every process of auth has it, and so has every gateway
that asks because of a stranger's key. Those before it verify until no token of theirs can be alive.
"""

import asyncio
import secrets
from datetime import datetime, timedelta

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contracts.rpc import auth as rpc
from kernel.clock import Clock, iso
from kernel.db import LOST, Database
from kernel.logging import log
from services.auth.tokens import SEED_BYTES, KeyRing, SigningKey, Tokens

LOOK_EVERY_S = 1.0
PUBLISHED_BEFORE_S = 5.0
"""More than the gateway's pause between two questions for keys (3 s), and than `LOOK_EVERY_S`."""
A_MOMENT = timedelta(milliseconds=1)
NONCE_BYTES = 12
PURPOSE = b"magicpic signing keys"

ALL = "SELECT kid, seed, created_at, signs_from, retired_at FROM signing_keys ORDER BY signs_from, kid"
FORGET = "DELETE FROM signing_keys WHERE retired_at < $1"
ONE_AT_A_TIME = "LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"
ADD_FIRST = """
INSERT INTO signing_keys (kid, created_at, signs_from) VALUES ($1, $2, $2) ON CONFLICT (kid) DO NOTHING
"""
LAST = "SELECT max(signs_from) FROM signing_keys"
RETIRE = "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL"
ADD = "INSERT INTO signing_keys (kid, seed, created_at, signs_from) VALUES ($1, $2, $3, $4)"


class Keys:
    """Gives `tokens` the keys that hold now, and again whenever that changes. `seed`: of the setting's key."""

    def __init__(self, database: Database, tokens: Tokens, seed: bytes, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._first = SigningKey(seed)
        self._cipher = AESGCM(HKDF(SHA256(), SEED_BYTES, salt=None, info=PURPOSE).derive(seed))
        self._clock = clock
        self._opened: dict[str, SigningKey | None] = {self._first.kid: self._first}
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking(), name="signing-keys")

    async def close(self) -> None:
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def rotate(self, _: rpc.RotateSigningKeys) -> rpc.SigningKeys:
        seed = secrets.token_bytes(SEED_BYTES)
        new = SigningKey(seed)
        async with self._database.write() as connection, connection.transaction():
            await connection.execute(ONE_AT_A_TIME)
            # The key that is added last signs last, whatever the clocks of two processes say.
            now, last = self._clock(), await connection.fetchval(LAST)
            signs_from = now + timedelta(seconds=PUBLISHED_BEFORE_S)
            signs_from = max(signs_from, last + A_MOMENT) if last else signs_from
            if self._first.kid in self._tokens.ring.by_kid:
                await connection.execute(ADD_FIRST, self._first.kid, now)
            await connection.execute(RETIRE, signs_from)
            await connection.execute(ADD, new.kid, self._sealed(new.kid, seed), now, signs_from)
        log.info("a new signing key", kid=new.kid, signs_from=iso(signs_from))
        await self._look()
        return await self.listed(rpc.ListSigningKeys())

    async def listed(self, _: rpc.ListSigningKeys) -> rpc.SigningKeys:
        """Those that verify; the one that signs comes first."""
        rows = {row["kid"]: row for row in await self._rows()}
        signing = self._tokens.ring.signing.kid
        now = self._clock()
        return rpc.SigningKeys(
            keys=[_shown(kid, rows.get(kid), kid == signing, now) for kid in self._tokens.ring.by_kid]
        )

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except LOST as error:
                log.warning("signing keys cannot be read", error=type(error).__name__)
            except Exception:  # noqa: BLE001  (logged; the keys that are known go on)
                log.exception("signing keys failed")

    async def _look(self) -> None:
        now = self._clock()
        oldest = now - timedelta(seconds=max(self._tokens.refresh_life_s, self._tokens.access_life_s))
        rows = await self._rows()
        if any(row["retired_at"] and row["retired_at"] < oldest for row in rows):
            async with self._database.write() as connection:
                await connection.execute(FORGET, oldest)
            rows = await self._rows()
        usable = [(row["signs_from"], key) for row in rows if (key := self._opened_from(row))]
        due = [key for signs_from, key in usable if signs_from <= now]
        known = due[-1:] or [key for _, key in usable] or [self._first]
        self._tokens.ring = KeyRing(known[0], [key for _, key in usable])

    async def _rows(self) -> list[asyncpg.Record]:
        async with self._database.write() as connection:
            return list(await connection.fetch(ALL))

    def _opened_from(self, row: asyncpg.Record) -> SigningKey | None:
        """None for a key that was sealed under another setting: with it, its tokens are gone."""
        kid = row["kid"]
        if kid not in self._opened:
            sealed = row["seed"] or b""
            try:
                seed = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())
                self._opened[kid] = SigningKey(seed)
            except (InvalidTag, ValueError):  # the setting's key of former times has no seed here
                log.warning("a signing key of another setting is passed over", kid=kid)
                self._opened[kid] = None
        return self._opened[kid]

    def _sealed(self, kid: str, seed: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, seed, kid.encode())


def _shown(kid: str, row: asyncpg.Record | None, is_signing: bool, now: datetime) -> rpc.SigningKey:
    state = "signing" if is_signing else "published" if row and row["signs_from"] > now else "retired"
    retired_at = row["retired_at"] if row else None
    return rpc.SigningKey(
        kid=kid,
        state=state,
        created_at=iso(row["created_at"]) if row else None,
        retired_at=iso(retired_at) if retired_at else None,
    )
