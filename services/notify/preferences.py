"""What people want to be told, and when they want to be left alone."""

from dataclasses import dataclass
from datetime import time
from typing import get_args
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from contracts.rpc import notify as rpc
from kernel.db import Database, Query
from services.notify.departures import Departures
from services.notify.domain import Kind, QuietHours
from services.notify.tables import preferences

KINDS: tuple[Kind, ...] = get_args(Kind)
SAVE = """
INSERT INTO preferences (user_id, no_push, no_inbox, quiet_from, quiet_to, time_zone) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE SET no_push = excluded.no_push, no_inbox = excluded.no_inbox,
  quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, time_zone = excluded.time_zone
"""
_OF_USER = Query(sa.select(preferences).where(preferences.c.user_id == sa.bindparam("user_id")))


@dataclass(frozen=True, slots=True)
class Wishes:
    no_push: frozenset[str] = frozenset()
    no_inbox: frozenset[str] = frozenset()
    quiet: QuietHours | None = None


class PreferenceBook:
    def __init__(self, database: Database, departures: Departures) -> None:
        self._database = database
        self._departures = departures

    async def wishes(self, user_id: int) -> Wishes:
        row = await self._database.row(_OF_USER, user_id=user_id)
        if row is None:
            return Wishes()
        zone = row["time_zone"]
        quiet = QuietHours(row["quiet_from"], row["quiet_to"], ZoneInfo(zone)) if zone else None
        return Wishes(frozenset(row["no_push"]), frozenset(row["no_inbox"]), quiet)

    async def get(self, request: rpc.GetPreferences) -> rpc.Preferences:
        wishes = await self.wishes(request.user_id)
        return rpc.Preferences(
            types={
                kind: rpc.Wish(push=kind not in wishes.no_push, inbox=kind not in wishes.no_inbox) for kind in KINDS
            },
            quiet_hours=_shown(wishes.quiet) if wishes.quiet else None,
        )

    async def set(self, request: rpc.SetPreferences) -> rpc.Preferences:
        """Errors: USER_NOT_FOUND."""
        wanted, quiet = request.preferences.types, request.preferences.quiet_hours
        async with self._departures.staying(request.user_id) as connection:
            await connection.execute(
                SAVE,
                request.user_id,
                [kind for kind, wish in wanted.items() if not wish.push],
                [kind for kind, wish in wanted.items() if not wish.inbox],
                time.fromisoformat(quiet.start) if quiet else None,
                time.fromisoformat(quiet.end) if quiet else None,
                quiet.time_zone if quiet else None,
            )
        return await self.get(rpc.GetPreferences(user_id=request.user_id))


def _shown(quiet: QuietHours) -> rpc.QuietHours:
    return rpc.QuietHours(
        start=f"{quiet.begin:%H:%M}",
        end=f"{quiet.end:%H:%M}",
        time_zone=str(quiet.zone),
    )
