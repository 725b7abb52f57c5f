"""Small stand-ins for the services, on the real broker: what each answers can be changed while a test runs."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from contracts import subjects
from contracts.envelope import Envelope, Event, Message, Request
from contracts.errors import ServiceError
from contracts.events import creation as creation_events
from contracts.events import ledger as ledger_events
from contracts.rpc import auth, battle, boards, catalog, creation, jobs, ledger, notify, payments, social, uploads
from kernel.bus import MessageBus
from tests.unit.gateway.signing import SigningKey

NOW = "2026-02-18T06:29:40.000Z"
REQUESTS: tuple[type[Request[Any]], ...] = (
    *auth.REQUESTS,
    *boards.REQUESTS,
    *battle.REQUESTS,
    *catalog.REQUESTS,
    *creation.REQUESTS,
    *jobs.REQUESTS,
    *ledger.REQUESTS,
    *notify.REQUESTS,
    *payments.REQUESTS,
    *social.REQUESTS,
    *uploads.REQUESTS,
)

Handler = Callable[[Any], Awaitable[Message]]


def category(category_id: int = 1) -> catalog.Category:
    return catalog.Category(
        id=category_id,
        name="Anime",
        slug="anime",
        icon="🎨",
        description="Drawn by hand",
        preview_url=None,
        display_order=category_id,
        styles_count=2,
    )


def style(style_id: int, *, uses_count: int = 0, name: str = "Ghibli Art") -> catalog.Style:
    return catalog.Style(
        id=style_id,
        name=name,
        slug=f"style-{style_id}",
        description="A dreamy illustration",
        preview_url=f"https://pictures.test/{style_id}.webp",
        category=category(),
        uses_count=uses_count,
        is_trending=True,
        is_new=False,
        tags=["anime"],
        credits_required=50,
    )


def own_creation(creation_id: int, style_id: int = 1) -> creation.Creation:
    return creation.Creation(
        id=creation_id,
        style_id=style_id,
        original_image_url="https://pictures.test/o.jpg",
        generated_image_url="https://pictures.test/g.jpg",
        thumbnail_url="https://pictures.test/t.webp",
        mood="romantic",
        weather=None,
        dress_style=None,
        custom_prompt="golden light",
        is_public=True,
        likes_count=0,
        in_battle=False,
        battle_wins=0,
        credits_used=50,
        credits_remaining=2450,
        processing_time=14.32,
        created_at=NOW,
    )


def public_creation(creation_id: int, user_id: int, style_id: int = 1) -> creation.PublicCreation:
    return creation.PublicCreation(
        id=creation_id,
        style_id=style_id,
        user_id=user_id,
        generated_image_url="https://pictures.test/g.jpg",
        thumbnail_url="https://pictures.test/t.webp",
        likes_count=3,
        is_liked=False,
        created_at=NOW,
    )


def job(creation_id: int, status: jobs.JobStatus, **changes: Any) -> jobs.Job:
    usual: dict[str, Any] = {
        "id": creation_id,
        "status": status,
        "progress": 100 if status == "completed" else 0,
        "position": 1 if status == "queued" else None,
        "credits": 50,
        "error": None,
        "created_at": NOW,
        "creation": own_creation(creation_id) if status == "completed" else None,
    }
    return jobs.Job(**usual | changes)


class Fakes:
    """All services in one. `asked` keeps every request that came, by its type."""

    def __init__(self, nats_url: str) -> None:
        self.bus = MessageBus("fakes", nats_url)
        self.key = SigningKey()
        self.keys = [self.key.jwk]
        self.asked: dict[type[Request[Any]], list[Any]] = defaultdict(list)
        self.handlers: dict[type[Request[Any]], Handler] = {}
        self.styles = {1: style(1), 2: style(2, name="Red Saree")}
        self.jobs: dict[int, jobs.Job] = {}
        self.balances: dict[int, ledger.Balance] = {}
        for request_type in REQUESTS:
            self.bus.answer(request_type, self._answer)

    def on(self, request_type: type[Request[Any]], answer: Handler | Message | Exception) -> None:
        """From now on this is the answer."""

        async def fixed(_: Any) -> Message:
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, Message)
            return answer

        self.handlers[request_type] = fixed if isinstance(answer, Message | Exception) else answer

    async def say(self, event: Event) -> None:
        """Publish an event as its service does: to JetStream, in its envelope."""
        envelope = Envelope(
            id=uuid4(),
            type=event.TYPE,
            version=event.VERSION,
            time=datetime.now(UTC),
            stream="fake-1",
            stream_version=1,
            position=1,
            correlation_id="c",
            causation_id="c",
            data=event.model_dump(),
        )
        await (
            self.bus.connected()
            .jetstream()
            .publish(subjects.event_subject(event.TYPE), envelope.model_dump_json().encode())
        )

    async def progress(self, creation_id: int, percent: int) -> None:
        body = json.dumps({"progress": percent}).encode()
        await self.bus.connected().publish(subjects.progress_subject(creation_id), body)

    async def finish(self, creation_id: int, user_id: int = 42) -> None:
        """The picture is there, and paid."""
        self.jobs[creation_id] = job(creation_id, "completed")
        await self.say(ledger_events.CreditsDebited(user_id=user_id, creation_id=creation_id, credits=50, balance=2450))

    async def fail(self, creation_id: int, code: str, message: str, user_id: int = 42) -> None:
        self.jobs[creation_id] = job(creation_id, "failed", error={"code": code, "message": message})
        await self.say(creation_events.CreationFailed(creation_id=creation_id, user_id=user_id, code=code))

    async def until_asked(self, request_type: type[Request[Any]], times: int = 1) -> Any:
        """The request, as soon as it has come so often."""
        async with asyncio.timeout(5):
            while len(self.asked[request_type]) < times:
                await asyncio.sleep(0.005)
        return self.asked[request_type][-1]

    async def _answer(self, request: Any) -> Message:
        self.asked[type(request)].append(request)
        if handler := self.handlers.get(type(request)):
            return await handler(request)
        return self._usual(request)

    def _usual(self, request: Any) -> Message:
        match request:
            case auth.Jwks():
                return auth.KeySet(keys=self.keys)
            case auth.Revocations():
                return auth.RevocationPage(sessions=[], users={}, next=None)
            case auth.ArriveAsGuest():
                return self._signed_in(8, "", role="guest")
            case auth.EndSession() | auth.EndSessions():
                return auth.Ended(ended=1)
            case auth.SignUp() | auth.LogIn():
                return self._signed_in(7, request.email)
            case auth.Refresh():
                return auth.Tokens(access_token="new-access", refresh_token="new-refresh", expires_in=1800)
            case auth.Me(user_id=user_id):
                return self._user(user_id, "jane@example.com")
            case auth.PeopleByIds(user_ids=ids):
                return auth.People(people={i: {"id": i, "name": f"Person {i}", "avatar_url": None} for i in ids})
            case _:
                return self._usual_of_catalog(request)

    def _usual_of_catalog(self, request: Any) -> Message:
        match request:
            case catalog.ListCategories():
                return catalog.Categories(items=[category()])
            case catalog.ListStyles():
                found = [item for item in self.styles.values() if (request.search or "") in item.name]
                return catalog.StylePage(items=found[: request.limit or None], total=len(found))
            case catalog.ListTrending():
                ranked = [
                    catalog.TrendingStyle(**item.model_dump(), rank=i, trend_score=1.5, weekly_uses=2)
                    for i, item in enumerate(self.styles.values(), 1)
                ]
                return catalog.TrendingStyles(items=ranked)
            case catalog.GetStyle(style_id=style_id):
                shown = self.styles[style_id].model_dump()
                return catalog.StyleDetail(**shown, prompt_template="Dream…", sample_outputs=[], related_styles=[])
            case auth.GetProfile() | auth.UpdateProfile() | auth.GetExport() | auth.RequestDeletion():
                return self._usual_of_profiles(request)
            case _:
                return self._usual_of_creation_and_ledger(request)

    def _usual_of_profiles(self, request: Any) -> Message:
        match request:
            case auth.GetProfile(user_id=user_id):
                return self._profile(user_id)
            case auth.UpdateProfile(user_id=user_id):
                user = self._user(user_id, "jane@example.com").model_dump()
                return auth.UpdatedUser(**user | {"name": request.name or user["name"]}, phone=request.phone)
            case auth.GetExport():
                return auth.ExportStatus(status="preparing", url=None, expires_at=None)
            case auth.RequestDeletion():
                return auth.DeletionDue(due_at=NOW)
            case _:
                raise AssertionError(request)

    def _usual_of_creation_and_ledger(self, request: Any) -> Message:
        match request:
            case jobs.RequestCreation() | jobs.ImaginePictures():
                self.jobs[101] = job(101, "queued")
                return jobs.Requested(creation_id=101, replayed=False)
            case jobs.GetJob(creation_id=creation_id):
                if creation_id not in self.jobs:
                    raise ServiceError("CREATION_NOT_FOUND", "Creation not found.")
                return self.jobs[creation_id]
            case jobs.CancelJob(creation_id=creation_id):
                return job(creation_id, "cancelled")
            case creation.ListMine():
                return creation.CreationPage(items=[own_creation(101), own_creation(98, style_id=99)], total=21)
            case creation.GetCreation(creation_id=creation_id, user_id=user_id):
                if user_id == 42:
                    return creation.OneCreation(own=own_creation(creation_id), public=None)
                return creation.OneCreation(own=None, public=public_creation(creation_id, 42))
            case creation.RecentInStyle():
                return creation.PublicCreations(items=[public_creation(5, 8)])
            case creation.DeleteCreation(creation_id=creation_id):
                return creation.Deleted(creation_id=creation_id)
            case ledger.GetBalance(user_id=user_id):
                return self.balances.get(user_id) or balance(2500)
            case ledger.GetHistory():
                return ledger.History(items=[], total=45)
            case _:
                raise AssertionError(request)

    def _user(self, user_id: int, email: str, role: str = "user") -> auth.User:
        return auth.User(
            id=user_id, email=email, name="Jane", avatar_url=None, is_verified=False, created_at=NOW, role=role
        )

    def _signed_in(self, user_id: int, email: str, role: str = "user") -> auth.SignedIn:
        user = self._user(user_id, email, role)
        access = self.key.token(user_id, role=role)
        return auth.SignedIn(user=user, access_token=access, refresh_token="refresh", expires_in=1800)

    def _profile(self, user_id: int) -> auth.Profile:
        stats = dict.fromkeys(auth.Stats.model_fields, 3)
        return auth.Profile(
            **self._user(user_id, "jane@example.com").model_dump(),
            phone="+919876543210",
            referral_code="K7QX2M9P",
            stats=auth.Stats(**stats),
            achievements=[],
        )


def balance(credits_: int) -> ledger.Balance:
    return ledger.Balance(balance=credits_, pending=0, lifetime_earned=credits_, lifetime_spent=0)
