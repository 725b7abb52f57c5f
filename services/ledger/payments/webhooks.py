"""What a provider calls out to us: proven, applied, then remembered."""

import hashlib

from contracts.rpc.payments import Heard, HearProvider
from kernel.db import Database
from services.ledger.payments.providers import Providers
from services.ledger.payments.reports import Reports

KNOWN = "SELECT 1 FROM notices WHERE (provider, event_id, digest) = ($1, $2, $3)"
REMEMBER = """
WITH old AS (DELETE FROM notices WHERE heard_at < now() - interval '30 days')
INSERT INTO notices (provider, event_id, digest, kind, heard_at) VALUES ($1, $2, $3, $4, now()) ON CONFLICT DO NOTHING
"""


class Webhooks:
    def __init__(self, database: Database, providers: Providers, reports: Reports) -> None:
        self._database = database
        self._providers = providers
        self._reports = reports

    async def hear(self, request: HearProvider) -> Heard:
        """Remembered last: should it end before, the provider calls again, and what was done is not done again."""
        provider = self._providers.of(request.provider)
        notice = provider.notice(request.body, request.signature, request.event_id)
        known = (provider.name, notice.event_id[:200], hashlib.sha256(request.body.encode()).digest())
        async with self._database.write() as connection:
            if await connection.fetchval(KNOWN, *known):
                return Heard(fresh=False)
        await self._reports.apply(provider, notice.reports, "webhook")
        async with self._database.write() as connection:
            await connection.execute(REMEMBER, *known, notice.kind)
        return Heard(fresh=True)
