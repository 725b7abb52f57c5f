"""Votes: each person has one in each battle, whatever comes at once, again, or out of order."""

import itertools
import secrets
from collections.abc import Sequence

from contracts.errors import ServiceError
from contracts.rpc import battle as rpc
from kernel.commands import CommandBus
from kernel.logging import log
from services.battle.domain.battle import BATTLE, AlreadyVoted, Battle, CastVote
from services.battle.domain.weighing import BURST, OWNER_ADDRESS, OWNER_DEVICE, SAME_DEVICE
from services.battle.guards import Ballot, Guards
from services.battle.live import LiveVotes
from services.battle.origins import Origin

ALARMING = frozenset({BURST, SAME_DEVICE, OWNER_DEVICE, OWNER_ADDRESS})


class Voting:
    def __init__(self, commands: CommandBus, guards: Guards, live: LiveVotes) -> None:
        self._commands = commands
        self._guards = guards
        self._live = live
        self._names = (f"{prefix}{number}" for prefix in [secrets.token_hex(6)] for number in itertools.count())

    async def vote(self, request: rpc.CastVote) -> bytes:
        """Errors: ALREADY_VOTED, BATTLE_NOT_FOUND, BATTLE_ENDED, INVALID_CREATION, OWN_CREATION."""
        battle_id, user_id, creation_id = request.battle_id, request.user_id, request.creation_id
        origin = Origin(battle_id, request.device, request.address)
        weight, reasons = await self._guards.weigh(Ballot(battle_id, user_id, origin))
        name = next(self._names)
        try:
            outcome = await self._commands.execute(
                BATTLE,
                battle_id,
                CastVote(battle_id, user_id, creation_id, weight, reasons),
                key=f"vote:{battle_id}:{user_id}",
                fingerprint=str(creation_id),
                private=origin,
                answer=lambda battle, _: _told(name, battle),
            )
        except ServiceError as error:
            if error.code == "IDEMPOTENCY_CONFLICT":
                raise AlreadyVoted from None
            raise
        first, votes_a, votes_b = outcome.answer
        if first != name:  # by name: a commit whose answer was lost is tried again, and finds this very vote
            raise AlreadyVoted
        self._live.tell(battle_id, (votes_a, votes_b))
        if not ALARMING.isdisjoint(reasons):
            log.warning("a vote is suspicious", battle=battle_id, user=user_id, weight=weight, reasons=reasons)
        return _answer(votes_a, votes_b, creation_id)


def percentages(votes_a: int, votes_b: int) -> tuple[float, float]:
    """With one decimal, together exactly 100. Without any vote half and half."""
    tenths = round(1000 * votes_a / (votes_a + votes_b)) if votes_a + votes_b else 500
    return tenths / 10, (1000 - tenths) / 10


def _told(name: str, battle: Battle) -> Sequence[object]:
    return name, battle.votes_a, battle.votes_b


def _answer(votes_a: int, votes_b: int, creation_id: int) -> bytes:
    a, b = percentages(votes_a, votes_b)
    return b'{"votes_a":%d,"votes_b":%d,"user_vote":%d,"vote_percentage":{"a":%.1f,"b":%.1f}}' % (
        votes_a,
        votes_b,
        creation_id,
        a,
        b,
    )
