"""Votes told live: not too often, and the last word always."""

import asyncio
import json
from itertools import pairwise
from time import perf_counter

from contracts.subjects import votes_subject
from services.battle.live import PAUSE_S, LiveVotes


async def test_totals_are_told_at_most_four_times_a_second_and_the_last_ones_always() -> None:
    said: list[tuple[float, str, tuple[int, int]]] = []

    async def publish(subject: str, body: bytes) -> None:
        told = json.loads(body)
        said.append((perf_counter(), subject, (told["votes_a"], told["votes_b"])))

    live = LiveVotes(publish)
    began = perf_counter()
    votes = 0
    while perf_counter() - began < 0.6:
        votes += 1
        live.tell(7, (votes, 0))
        live.tell(7, (votes - 1, 0))  # an answer that was overtaken
        await asyncio.sleep(0.005)
    live.tell(8, (1, 1))
    await asyncio.sleep(PAUSE_S * 1.5)
    of_seven = [each for each in said if each[1] == votes_subject(7)]
    assert (of_seven[0][2], of_seven[-1][2]) == ((1, 0), (votes, 0))
    assert min(later[0] - earlier[0] for earlier, later in pairwise(of_seven)) > PAUSE_S * 0.9
    assert [each[2] for each in said if each[1] == votes_subject(8)] == [(1, 1)]
    # What is not said yet is said when the process ends.
    live.tell(9, (1, 0))
    live.tell(9, (2, 0))
    await live.close()
    assert [each[2] for each in said if each[1] == votes_subject(9)] == [(1, 0), (2, 0)]
