"""Events of auth → mails: which template, whom to ask for the address, and what else stands in it."""

from collections.abc import Mapping
from uuid import UUID

from contracts.envelope import Event
from contracts.events import auth
from contracts.rpc.auth import GetAddressee, GetLetter, MaybeAddressee, MaybeLetter
from kernel.bus import Delivery, Listener, MessageBus
from kernel.caller import Caller
from kernel.clock import from_iso
from services.notify.composing import Person
from services.notify.departures import Departures
from services.notify.erasing import SinkEraser
from services.notify.mailer import Contents, Mailer, Order

LINKS = {
    "verify_email": "verify-email",
    "sign_in": "sign-in",
    "reset_password": "reset-password",
    "delete_account": "delete-account",
}
"""Where in the app a code's link leads."""


class Subscribers:
    def __init__(self, mailer: Mailer, caller: Caller, *, app_url: str) -> None:
        self._mailer = mailer
        self._caller = caller
        self._app_url = app_url

    def listen(self, bus: MessageBus, departures: Departures, eraser: SinkEraser | None) -> None:
        """`eraser`: of the mail that a local sink keeps."""

        async def account_deleted(event: auth.AccountDeleted, delivery: Delivery) -> None:
            await departures.account_deleted(event, delivery)
            if eraser:
                await eraser.account_deleted(event, delivery)

        on_auth: Mapping[type[Event], Listener] = {
            auth.CodeIssued: self.code_issued,
            auth.EmailVerified: self.email_verified,
            auth.PasswordChanged: self.password_changed,
            auth.AccountLocked: self.account_locked,
            auth.SessionRevoked: self.session_revoked,
            auth.ExportReady: self.export_ready,
            auth.DeletionRequested: self.deletion_requested,
            auth.DeletionCancelled: self.deletion_cancelled,
        }
        bus.listen("auth", "notify", on_auth)
        # A consumer of its own: mail that waits for its relay must not hold up erasure.
        bus.listen("auth", "notify-erasure", {auth.AccountDeleted: account_deleted})

    async def code_issued(self, event: auth.CodeIssued, delivery: Delivery) -> None:
        async def contents() -> Contents | None:
            found: MaybeLetter = await self._caller.ask(GetLetter(code_id=event.code_id))
            letter = found.letter
            if letter is None or letter.purpose not in LINKS:
                return None
            url = f"{self._app_url}/{LINKS[letter.purpose]}?token={letter.token}"
            fields = {"code": letter.code, "url": url, "minutes": letter.minutes}
            return Contents(Person(letter.to, letter.name, letter.locale, letter.user_id), fields)

        # A purpose that this version does not know is auth's newer one: its mail comes with ours.
        if event.purpose in LINKS:
            await self._mailer.deliver(_order(delivery, event.purpose), contents)

    async def email_verified(self, event: auth.EmailVerified, delivery: Delivery) -> None:
        await self._notice(event.user_id, "welcome", delivery, url=self._app_url)

    async def password_changed(self, event: auth.PasswordChanged, delivery: Delivery) -> None:
        await self._notice(event.user_id, "password_changed", delivery, how=event.how, url=self._link("reset-password"))

    async def account_locked(self, event: auth.AccountLocked, delivery: Delivery) -> None:
        url = self._link("reset-password")
        await self._notice(event.user_id, "account_locked", delivery, until=from_iso(event.until), url=url)

    async def session_revoked(self, event: auth.SessionRevoked, delivery: Delivery) -> None:
        if event.reason == "theft":  # everything else its owner has done, or is told otherwise
            await self._notice(event.user_id, "theft", delivery, url=self._link("reset-password"))

    async def export_ready(self, event: auth.ExportReady, delivery: Delivery) -> None:
        await self._notice(event.user_id, "export_ready", delivery, url=self._link("account"))

    async def deletion_requested(self, event: auth.DeletionRequested, delivery: Delivery) -> None:
        due_at = from_iso(event.due_at)
        await self._notice(event.user_id, "deletion_requested", delivery, due_at=due_at, url=self._link("sign-in"))

    async def deletion_cancelled(self, event: auth.DeletionCancelled, delivery: Delivery) -> None:
        await self._notice(event.user_id, "deletion_cancelled", delivery, url=self._link("reset-password"))

    async def _notice(self, user_id: int, template: str, delivery: Delivery, **fields: object) -> None:
        async def contents() -> Contents | None:
            found: MaybeAddressee = await self._caller.ask(GetAddressee(user_id=user_id))
            if (addressee := found.addressee) is None:
                return None
            return Contents(Person(addressee.to, addressee.name, addressee.locale, user_id), fields)

        await self._mailer.deliver(_order(delivery, template), contents)

    def _link(self, page: str) -> str:
        return f"{self._app_url}/{page}"


def _order(delivery: Delivery, template: str) -> Order:
    event_id: UUID = delivery.envelope.id
    return Order(event_id.hex, template, delivery.envelope.time)
