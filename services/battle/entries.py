"""A picture's way through the pool: in, out, into a battle and back, whatever dies on the way.

A pairing touches three streams, in this order: both pictures are matched with a battle's number, then the battle of
that number begins. Each match sets a timer in its own transaction, and a battle that begins takes both away. Should the
timer go off, `settle` asks the battle's stream to abandon it, which it does only if it has not begun: after that it
never can. So every picture learns what became of its match from the one stream that knows
(docs/decisions/0012-the-battle-settles-its-pairing.md).
"""

from contracts.errors import ServiceError
from contracts.rpc import battle as rpc
from contracts.rpc.creation import ContendersByIds, GetCreation, PublicByIds
from kernel.caller import Caller
from kernel.commands import CommandBus
from services.battle.domain.battle import BATTLE, AbandonBattle, CancelBattle, Side, StartBattle, Status
from services.battle.domain.entry import (
    ENTRY,
    EnterPool,
    Entry,
    FreeEntry,
    LeavePool,
    MatchEntry,
    NotOwner,
    Place,
    ReturnEntry,
    WithdrawEntry,
)
from services.battle.domain.matching import Pair
from services.battle.origins import Seen

WITHDRAWALS = 5
"""A picture may be matched anew while its battle is cancelled."""
PUBLIC_AT_ONCE = 100
NOBODY = 0


class CreationPrivate(ServiceError):
    def __init__(self) -> None:
        super().__init__("CREATION_PRIVATE", "Only a public creation can enter a battle.")


class Entries:
    def __init__(self, commands: CommandBus, caller: Caller, *, lasts_s: float) -> None:
        self._commands = commands
        self._caller = caller
        self._lasts_s = lasts_s

    async def enter(self, request: rpc.EnterPool) -> rpc.PoolPlace:
        """Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_PRIVATE, ALREADY_IN_BATTLE."""
        found = await self._caller.ask(GetCreation(user_id=request.user_id, creation_id=request.creation_id))
        if found.own is None:
            raise NotOwner
        if not found.own.is_public or found.own.is_hidden:
            raise CreationPrivate
        command = EnterPool(request.creation_id, request.user_id)
        seen = Seen(request.device, request.address)
        await self._commands.execute(ENTRY, request.creation_id, command, private=seen)
        return rpc.PoolPlace(creation_id=request.creation_id)

    async def leave(self, request: rpc.LeavePool) -> rpc.PoolPlace:
        """Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_IN_BATTLE."""
        command = LeavePool(request.creation_id, request.user_id)
        await self._commands.execute(ENTRY, request.creation_id, command)
        return rpc.PoolPlace(creation_id=request.creation_id)

    async def pair(self, battle_id: int, pair: Pair) -> bool:
        """Both into this battle; False when one of them has left meanwhile, and the other waits again."""
        one, other = pair
        try:
            for each in pair:
                await self._commands.execute(ENTRY, each.creation_id, MatchEntry(each.creation_id, battle_id))
            a, b = (Side(each.creation_id, each.user_id) for each in pair)
            await self._commands.execute(BATTLE, battle_id, StartBattle(battle_id, a, b, self._lasts_s))
        except ServiceError as error:
            if error.code not in {"ALREADY_IN_BATTLE", "BATTLE_ENDED"}:
                raise  # the timers settle it
            for each in (one, other):
                await self.settle(each.creation_id, battle_id)
            return False
        return True

    async def settle(self, creation_id: int, battle_id: int) -> None:
        """What becomes of a picture's match: nothing while its battle goes on. One that has not begun never will."""
        outcome = await self._commands.execute(
            BATTLE, battle_id, AbandonBattle(battle_id), answer=lambda battle, _: battle.status
        )
        if outcome.answer is Status.ACTIVE:
            return
        kind = ReturnEntry if outcome.answer is Status.ABANDONED else FreeEntry
        await self._commands.execute(ENTRY, creation_id, kind(creation_id, battle_id))

    async def withdraw(self, creation_id: int) -> None:
        """Out of the pool, or its battle is cancelled. Harmless twice.

        Errors: SERVICE_UNAVAILABLE while its battle is just ending.
        """
        for _ in range(WITHDRAWALS):
            outcome = await self._commands.execute(
                ENTRY, creation_id, WithdrawEntry(creation_id), answer=lambda entry, _: entry
            )
            entry: Entry = outcome.answer
            if entry.place is not Place.MATCHED:
                return
            await self._commands.execute(BATTLE, entry.battle_id, CancelBattle(entry.battle_id))
            await self.settle(creation_id, entry.battle_id)
        raise ServiceError("SERVICE_UNAVAILABLE", "This creation's battle is ending. Please try again.")

    async def leave_pool_if_hidden(self, creation_id: int) -> None:
        """Word that a picture is hidden now may be old: whether it is, is asked. Its battle, if it has one, goes on."""
        if creation_id not in await self.public([creation_id]):
            await self._commands.execute(ENTRY, creation_id, WithdrawEntry(creation_id))

    async def withdraw_if_barred(self, creation_id: int) -> None:
        """Whether its owner or a moderator still stands against it is asked, too. Errors: SERVICE_UNAVAILABLE."""
        found = await self._caller.ask(ContendersByIds(user_id=NOBODY, creation_ids=[creation_id]))
        if not found.items:
            await self.withdraw(creation_id)

    async def public(self, creation_ids: list[int]) -> set[int]:
        """Those of the pictures that are there, and public."""
        found: set[int] = set()
        for start in range(0, len(creation_ids), PUBLIC_AT_ONCE):
            some = creation_ids[start : start + PUBLIC_AT_ONCE]
            answer = await self._caller.ask(PublicByIds(user_id=NOBODY, creation_ids=some))
            found |= {creation.id for creation in answer.items}
        return found
