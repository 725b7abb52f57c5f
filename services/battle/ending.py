"""How a battle ends, when its timer goes off: the verdict, the winner's claim to a prize, the end.

Each step finds what the one before it left, so a timer that fires again after a kill goes on from there. The claim is
in the winner's own stream: battles of one person may end at the same time, and prizes are counted there one by one.
(docs/decisions/0013-a-prize-needs-votes-that-weigh.md)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.commands import CommandBus
from services.battle.domain.battle import BATTLE, Battle, EndBattle, SettleBattle, Status, Verdict, WarnOfEnd
from services.battle.domain.fighter import FIGHTER, ClaimPrize, Fighter


@dataclass(frozen=True, slots=True)
class Prizes:
    """`credits` for a winner whose votes weigh at least `weight` together (100: one vote), `per_day` at most."""

    credits: int
    weight: int
    per_day: int


class Endings:
    def __init__(self, commands: CommandBus, prizes: Prizes) -> None:
        self._commands = commands
        self._prizes = prizes

    async def warn(self, battle_id: int) -> None:
        # Once, by its key: the end is in the battle's state, the warning is not.
        await self._commands.execute(BATTLE, battle_id, WarnOfEnd(battle_id), key=f"warn:{battle_id}")

    async def end(self, battle_id: int) -> None:
        """Harmless twice."""
        command = EndBattle(battle_id, self._prizes.credits, self._prizes.weight)
        outcome = await self._commands.execute(BATTLE, battle_id, command, answer=_at_stake)
        verdict: Verdict | None = outcome.answer
        if verdict:
            paid = await self._claim(battle_id, verdict.winner.user_id)
            await self._commands.execute(BATTLE, battle_id, SettleBattle(battle_id, paid))

    async def _claim(self, battle_id: int, user_id: int) -> bool:
        """The same answer for this battle, however often it is asked."""
        outcome = await self._commands.execute(
            FIGHTER,
            user_id,
            ClaimPrize(user_id, battle_id, self._prizes.per_day),
            key=f"prize:{battle_id}",
            fingerprint=str(user_id),  # not the limit: it may be another after a restart
            answer=_is_granted,
        )
        return bool(outcome.answer)


def _at_stake(battle: Battle, _: object) -> Verdict | None:
    return battle.verdict if battle.status is Status.ACTIVE else None


def _is_granted(_: Fighter, events: Sequence[object]) -> bool:
    return bool(events)
