"""What was revoked lately: for gateways that were not there when it was said."""

from datetime import timedelta

import sqlalchemy as sa

from contracts.rpc import auth as rpc
from kernel.clock import Clock, iso
from kernel.db import Database, Query
from services.auth.tables import revocations

PAGE = 5000
"""Some 200 kB: NATS takes a megabyte."""
MARGIN_S = 60
_SINCE = Query(
    sa.select(revocations)
    .where(
        revocations.c.at > sa.bindparam("since", type_=sa.DateTime(timezone=True)),
        revocations.c.position > sa.bindparam("after", type_=sa.BigInteger),
    )
    .order_by(revocations.c.position)
    .limit(PAGE)
)


class Revocations:
    """`access_life_s`: what was revoked before that has expired by itself."""

    def __init__(self, database: Database, clock: Clock, *, access_life_s: int) -> None:
        self._database = database
        self._clock = clock
        self._reach = timedelta(seconds=access_life_s + MARGIN_S)

    async def page(self, request: rpc.Revocations) -> rpc.RevocationPage:
        rows = await self._database.rows(_SINCE, since=self._clock() - self._reach, after=request.after)
        return rpc.RevocationPage(
            sessions=[row["session_id"] for row in rows if row["session_id"]],
            users={row["user_id"]: iso(row["before"]) for row in rows if row["before"]},
            next=rows[-1]["position"] if len(rows) == PAGE else None,
        )
