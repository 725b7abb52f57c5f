"""Finding people by name, and by nothing else.

Candidates come from an index over the keys of names (`kernel/text.py`): first those who have all the words asked for,
then those with words that begin so, then those with words near them, until there are enough. Of each kind at most 100
are looked at, in no order that is promised, so that a search reads no more of many people than of few; the best of them
are shown.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from contracts.rpc import auth as rpc
from kernel.db import LOST, Database, Query
from kernel.store import streams
from kernel.text import Match, beginning_keys, exact_keys, match, near_keys, words
from services.auth.domain import GUEST, STATS, Stats
from services.auth.queries import SMALL, Queries
from services.auth.tables import accounts, name_keys, people

CANDIDATES = 100
MOST_WORDS = 4
"""Names hold few words; of a longer text the first are looked for."""
_FORMS = ARRAY(sa.Text)
# PostgreSQL thinks that comparing arrays costs no more than comparing numbers, and would rather go through the whole
# table: at a thousand people that takes ten times as long as the index.
BY_INDEX = "SET LOCAL enable_seqscan = off"


def _candidates(*conditions: sa.ColumnElement[bool]) -> Query:
    return Query(sa.select(name_keys.c.user_id).where(*conditions).limit(CANDIDATES))


_WITH_ALL = _candidates(name_keys.c.forms.contains(sa.bindparam("keys", type_=_FORMS)))
_NEAR = {
    count: _candidates(
        *[name_keys.c.forms.overlap(sa.bindparam(f"keys_{number}", type_=_FORMS)) for number in range(count)]
    )
    for count in range(1, MOST_WORDS + 1)
}
_SHOWN = Query(
    sa.select(people.c.user_id, people.c.name, people.c.avatar_folder, streams.c.state.label("stats"))
    .select_from(
        people.join(accounts, accounts.c.user_id == people.c.user_id).outerjoin(
            streams, streams.c.stream_id == sa.func.concat(f"{STATS.category}-", people.c.user_id)
        )
    )
    .where(
        people.c.user_id == sa.func.any(sa.bindparam("user_ids", type_=sa.ARRAY(sa.BigInteger))),
        accounts.c.role != GUEST,
        sa.not_(accounts.c.suspended),
        sa.not_(accounts.c.leaving),
    )
)
_decode_stats = msgspec.json.Decoder(Stats).decode
Rank = tuple[Match, int, int]
"""The greater the better: how the name fits, how many creations; of equal ones who came first."""
Ranked = tuple[Rank, asyncpg.Record]


class PeopleSearch:
    def __init__(self, database: Database, queries: Queries) -> None:
        self._database = database
        self._queries = queries

    async def search(self, request: rpc.SearchPeople) -> rpc.FoundPeople:
        """Nobody is found where there is nothing to search for."""
        sought = words(request.q)[:MOST_WORDS]
        if not sought:
            return rpc.FoundPeople(items=[])
        try:
            found = await self._found(sought, request.limit)
        except LOST:  # as every question is, it is asked once more
            found = await self._found(sought, request.limit)
        best = sorted(found, key=lambda item: item[0], reverse=True)[: request.limit]
        return rpc.FoundPeople(items=[self._person(rank, row) for rank, row in best])

    async def _found(self, sought: list[str], enough: int) -> list[Ranked]:
        seen: set[int] = set()
        found: list[Ranked] = []
        async with self._database.write() as connection, connection.transaction(readonly=True):
            await connection.execute(BY_INDEX)
            for query, keys in _ways(sought):
                ids = {row["user_id"] for row in await _rows(connection, query, **keys)} - seen
                seen |= ids
                found += _fitting(sought, await _rows(connection, _SHOWN, user_ids=sorted(ids)) if ids else [])
                if len(found) >= enough:
                    break
        return found

    def _person(self, rank: Rank, row: asyncpg.Record) -> rpc.FoundPerson:
        _, creations, _ = rank
        return rpc.FoundPerson(
            id=row["user_id"],
            name=row["name"],
            avatar_url=self._queries.avatar(row, SMALL),
            creations_count=creations,
        )


async def _rows(connection: asyncpg.Connection, query: Query, **values: Any) -> list[asyncpg.Record]:
    return list(await connection.fetch(query.sql, *query.arguments(values)))


def _ways(sought: list[str]) -> Iterator[tuple[Query, dict[str, Any]]]:
    yield _WITH_ALL, {"keys": exact_keys(sought)}
    yield _WITH_ALL, {"keys": beginning_keys(sought)}
    yield _NEAR[len(sought)], {f"keys_{number}": near_keys(word) for number, word in enumerate(sought)}


def _fitting(sought: list[str], rows: Iterable[asyncpg.Record]) -> Iterator[Ranked]:
    """Keys are shared by some who do not fit, too."""
    for row in rows:
        if fit := match(sought, words(row["name"])):
            creations = _decode_stats(row["stats"]).tally.creations if row["stats"] else 0
            yield (fit, creations, -row["user_id"]), row
