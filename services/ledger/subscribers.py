"""Events that ledger listens to → commands. A key names each effect, so that it happens once."""

from collections.abc import Mapping

from contracts.envelope import Event
from contracts.events import auth, battle, creation
from kernel.bus import Delivery, Listener, MessageBus
from kernel.clock import from_iso
from kernel.commands import CommandBus
from services.ledger.domain import GrantCredits, HoldCredits, HoldTogether, ReleaseHold, SettleHold, WalletDecider


class Subscribers:
    def __init__(self, commands: CommandBus, wallet: WalletDecider, *, signup_bonus: int, referral_bonus: int) -> None:
        self._commands = commands
        self._wallet = wallet
        self._signup_bonus = signup_bonus
        self._referral_bonus = referral_bonus

    def listen(self, bus: MessageBus) -> None:
        on_auth: Mapping[type[Event], Listener] = {
            auth.UserSignedUp: self.grant_signup_bonus,
            auth.ReferralCompleted: self.grant_referral_bonus,
            auth.GuestArrived: self.grant_guest_bonus,
        }
        bus.listen("auth", "ledger", on_auth)
        on_creation: Mapping[type[Event], Listener] = {
            creation.CreationRequested: self.hold,
            creation.CreationGenerated: self.settle,
            creation.CreationFailed: self.release_failed,
            creation.CreationCancelled: self.release_cancelled,
        }
        bus.listen("creation", "ledger", on_creation)
        bus.listen("battle", "ledger", {battle.BattleEnded: self.pay_prize})

    async def grant_signup_bonus(self, event: auth.UserSignedUp, _: Delivery) -> None:
        command = GrantCredits(event.user_id, self._signup_bonus, "signup_bonus", "Welcome to MagicPic", "signup_bonus")
        await self._grant(command, f"signup:{event.user_id}")

    async def grant_referral_bonus(self, event: auth.ReferralCompleted, _: Delivery) -> None:
        """To both sides. Should it end between the two, the event comes again, and the first is not paid again."""
        for user_id, side, description in (
            (event.user_id, "invited", "You were invited to MagicPic"),
            (event.referrer_id, "referrer", "A friend joined MagicPic"),
        ):
            command = GrantCredits(user_id, self._referral_bonus, "referral", description, "referral")
            await self._grant(command, f"referral:{event.user_id}:{side}")

    async def grant_guest_bonus(self, event: auth.GuestArrived, _: Delivery) -> None:
        if event.credits > 0:
            command = GrantCredits(event.user_id, event.credits, "guest_bonus", "Try MagicPic", "signup_bonus")
            await self._grant(command, f"guest:{event.user_id}")

    async def pay_prize(self, event: battle.BattleEnded, _: Delivery) -> None:
        if event.winner_user_id is not None and event.prize > 0:
            command = GrantCredits(event.winner_user_id, event.prize, "battle_win", "Won a battle", "prize")
            await self._grant(command, f"prize:{event.battle_id}")

    async def _grant(self, command: GrantCredits, key: str) -> None:
        """The fingerprint is empty because a setting may change between an event's two deliveries."""
        await self._commands.execute(self._wallet, command.user_id, command, key=key, fingerprint="")

    async def hold(self, event: creation.CreationRequested, _: Delivery) -> None:
        if event.held_with_another:
            return
        if event.others:
            await self._hold_together(event)
            return
        command = HoldCredits(
            event.user_id,
            event.creation_id,
            event.credits,
            from_iso(event.hold_until),
            event.max_open_jobs,
            f"Created {event.style_name} image",
        )
        await self._commands.execute(self._wallet, event.user_id, command, key=f"hold:{event.creation_id}")

    async def _hold_together(self, event: creation.CreationRequested) -> None:
        command = HoldTogether(
            event.user_id,
            (event.creation_id, *event.others),
            event.credits,
            from_iso(event.hold_until),
            event.max_open_jobs,
            f"Created {event.style_name} image",
        )
        await self._commands.execute(self._wallet, event.user_id, command, key=f"hold:{event.creation_id}")

    async def settle(self, event: creation.CreationGenerated, _: Delivery) -> None:
        command = SettleHold(event.user_id, event.creation_id, event.credits, f"Created {event.style_name} image")
        await self._commands.execute(self._wallet, event.user_id, command, key=f"settle:{event.creation_id}")

    async def release_failed(self, event: creation.CreationFailed, _: Delivery) -> None:
        await self._release(event.user_id, event.creation_id, "failed")

    async def release_cancelled(self, event: creation.CreationCancelled, _: Delivery) -> None:
        await self._release(event.user_id, event.creation_id, "cancelled")

    async def _release(self, user_id: int, creation_id: int, reason: str) -> None:
        command = ReleaseHold(user_id, creation_id, reason)
        await self._commands.execute(self._wallet, user_id, command, key=f"release:{creation_id}")
