"""The first page, and the search over styles and categories. They are few, so a search looks at all of them."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from contracts.rpc import catalog as rpc
from kernel.text import INDEXED_WORDS, match, words
from services.catalog.challenge_queries import ChallengeQueries
from services.catalog.queries import Queries

TRENDING, NEW, POPULAR = 5, 5, 4
T = TypeVar("T")
Rank = tuple[int, bool, float, int, int]
"""The greater the better: kind of match, whether by the name alone, similarity of the name, uses; the lower id."""


@dataclass(frozen=True, slots=True)
class FrontQueries:
    queries: Queries
    challenges: ChallengeQueries

    async def front(self, _: rpc.GetFront) -> rpc.Front:
        trending = await self.queries.trending(rpc.ListTrending())
        newest = await self.queries.styles(rpc.ListStyles(sort="newest", limit=NEW))
        return rpc.Front(
            trending_styles=[
                rpc.Style(**style.model_dump(include=set(rpc.Style.model_fields)))
                for style in trending.items[:TRENDING]
            ],
            new_styles=newest.items,
            popular_categories=await self._popular(),
            daily_challenge=await self.challenges.today(),
        )

    async def _popular(self) -> list[rpc.Category]:
        """By the uses of all their styles; of equal ones the first as they are listed."""
        uses = Counter[int]()
        for row in await self.queries.offered():
            uses[row["category_id"]] += row["uses_count"]
        listed = (await self.queries.categories(rpc.ListCategories())).items
        return sorted((item for item in listed if item.styles_count), key=lambda item: -uses[item.id])[:POPULAR]

    async def search(self, request: rpc.SearchCatalog) -> rpc.Found:
        """Nothing is found where there is nothing to search for."""
        sought = words(request.q)[:INDEXED_WORDS]
        styles, categories = list[tuple[Rank, asyncpg.Record]](), list[tuple[Rank, rpc.Category]]()
        if sought and request.styles:
            rows = await self.queries.offered()
            styles = [
                (rank, row)
                for row in rows
                if (rank := _rank(sought, row["name"], row["tags"], row["uses_count"], row["id"]))
            ]
        if sought and request.categories:
            listed = (await self.queries.categories(rpc.ListCategories())).items
            categories = [
                (rank, item)
                for item in listed
                if (rank := _rank(sought, item.name, [item.slug], item.styles_count, item.id))
            ]
        return rpc.Found(
            styles=[self.queries.style_of(row) for _, row in _best(styles)[: request.limit]],
            categories=[category for _, category in _best(categories)[: request.limit]],
        )


def _rank(sought: list[str], name: str, tags: list[str], weight: int, number: int) -> Rank | None:
    own = words(name)
    by_name = match(sought, own)
    found = by_name or match(sought, [*own, *words(" ".join(tags))])
    return (found.kind, by_name is not None, found.similarity, weight, -number) if found else None


def _best(ranked: list[tuple[Rank, T]]) -> list[tuple[Rank, T]]:
    return sorted(ranked, key=lambda item: item[0], reverse=True)
