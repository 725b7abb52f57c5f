"""Requests about the pictures of all that creation answers."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from contracts.errors import ServiceError
from contracts.rpc import creation, social
from contracts.rpc.exporting import ExportPage
from kernel.bus import MessageBus
from kernel.clock import Clock, utc_now
from kernel.commands import CommandBus
from kernel.db import Database
from kernel.logging import log
from services.creation.domain import CREATION, CreationNotFound, showing
from services.creation.domain.marks import MARK, Kind, SetMark, TakeBackMark, key_of
from services.creation.domain.reporting import weigh
from services.creation.erasing import Departures
from services.creation.social.erasing import Traces
from services.creation.social.feed import Feed
from services.creation.social.keeping import Tags, Words
from services.creation.social.moderators import ADMINS, Moderators
from services.creation.social.queries import SocialQueries
from services.creation.social.words import normalised_tags, written

SLUG_BYTES = 16
KEEP_SHARE = """
INSERT INTO shares (slug, creation_id, user_id) SELECT $1, $2, $3
WHERE EXISTS (SELECT FROM showings WHERE creation_id = $2 AND visible)
ON CONFLICT (creation_id, user_id) DO UPDATE SET slug = shares.slug RETURNING slug
"""
# The command bus locks the stream of a picture first of all: whoever deletes it finds the link, or we see it gone.
HOLD_STILL = "SELECT FROM streams WHERE stream_id = $1 FOR KEY SHARE"


def answer(bus: MessageBus, queries: SocialQueries, feed: Feed, requests: "SocialRequests") -> None:
    bus.answer(social.ListFeed, feed.page)
    bus.answer(creation.Featured, feed.featured)
    bus.answer(creation.CountLikes, queries.like_counts)
    bus.answer(social.ListFavorites, queries.favorites)
    bus.answer(social.OpenShare, queries.shared)
    bus.answer(creation.GetCreation, requests.look)
    bus.answer(social.LikeCreation, requests.like)
    bus.answer(social.UnlikeCreation, requests.unlike)
    bus.answer(social.KeepFavorite, requests.keep_favorite)
    bus.answer(social.DropFavorite, requests.drop_favorite)
    bus.answer(social.ChangeCreation, requests.change)
    bus.answer(social.ReportCreation, requests.report)
    bus.answer(social.AppealCreation, requests.appeal)
    bus.answer(social.ListCases, requests.cases)
    bus.answer(social.DecideCase, requests.decide)
    bus.answer(social.FeatureCreation, requests.feature)
    bus.answer(social.ShareCreation, requests.share)
    bus.answer(social.ExportSocial, requests.export)


@dataclass(frozen=True, slots=True)
class _Marked:
    """Whether it changed anything, and whether there ever was such a mark."""

    changed: bool
    ever: bool


class SocialRequests:
    """Whoever leaves at the very moment of a request is found out after it, whichever was committed first: then all
    that they left goes once more.
    """

    def __init__(
        self,
        database: Database,
        commands: CommandBus,
        queries: SocialQueries,
        departures: Departures,
        traces: Traces,
        moderators: Moderators,
        *,
        hide_after_reports: int,
        new_account: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._commands = commands
        self._queries = queries
        self._departures = departures
        self._traces = traces
        self._moderators = moderators
        self._hide_after_reports = hide_after_reports
        self._new_account = new_account
        self._clock = clock

    async def look(self, request: creation.GetCreation) -> creation.OneCreation:
        """A picture is shown even when the look at it cannot be counted. Errors: CREATION_NOT_FOUND."""
        look = await self._queries.look(request.creation_id, request.user_id)
        if not look.is_new:
            return look.shown
        command = SetMark("view", request.creation_id, request.user_id, look.owner_id)
        try:
            is_first = (await self._mark(command)).changed
        except ServiceError as error:
            log.warning("a look was not counted", code=error.code)
            return look.shown
        return look.shown.model_copy(update={"views_count": look.shown.views_count + is_first})

    async def like(self, request: social.LikeCreation) -> social.Liking:
        """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND."""
        await self._set("like", request.creation_id, request.user_id)
        return social.Liking(likes_count=await self._queries.likes(request.creation_id), is_liked=True)

    async def unlike(self, request: social.UnlikeCreation) -> social.Liking:
        """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND."""
        await self._take_back("like", request.creation_id, request.user_id)
        return social.Liking(likes_count=await self._queries.likes(request.creation_id), is_liked=False)

    async def keep_favorite(self, request: social.KeepFavorite) -> social.Favorite:
        """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND."""
        await self._set("favorite", request.creation_id, request.user_id)
        return social.Favorite(is_favorite=True)

    async def drop_favorite(self, request: social.DropFavorite) -> social.Favorite:
        """Errors: CREATION_NOT_FOUND, USER_NOT_FOUND."""
        await self._take_back("favorite", request.creation_id, request.user_id)
        return social.Favorite(is_favorite=False)

    async def _set(self, kind: Kind, creation_id: int, user_id: int) -> None:
        found = await self._queries.standing(creation_id, user_id)
        await self._mark(SetMark(kind, creation_id, user_id, found.owner_id))

    async def _take_back(self, kind: Kind, creation_id: int, user_id: int) -> None:
        """Also when the picture may not be seen any more: who has ever set such a mark knows of it."""
        found = await self._queries.standing_of(creation_id)
        mark = await self._mark(TakeBackMark(kind, creation_id, user_id, found.owner_id))
        if not (mark.ever or found.seen_by(user_id)):
            raise CreationNotFound

    async def _mark(self, command: SetMark | TakeBackMark) -> _Marked:
        await self._departures.check(command.user_id)
        key = key_of(command.kind, command.creation_id, command.user_id)
        outcome = await self._commands.execute(
            MARK, key, command, answer=lambda mark, events: _Marked(bool(events), mark.ever)
        )
        await self._still_there(command.user_id)
        marked: _Marked = outcome.answer
        return marked

    async def change(self, request: social.ChangeCreation) -> creation.OneCreation:
        """Errors: CREATION_NOT_FOUND, NOT_OWNER, CREATION_IN_BATTLE, VALIDATION_ERROR, USER_NOT_FOUND."""
        creation_id, user_id = request.creation_id, request.user_id
        tags = None if request.tags is None else Tags(normalised_tags(request.tags))
        in_battle = await self._queries.in_battle(creation_id)
        command = showing.ChangeShowing(creation_id, user_id, request.is_public, tags is not None, in_battle)
        await self._commands.execute(CREATION, creation_id, command, private=tags)
        return (await self._queries.look(creation_id, user_id)).shown

    async def report(self, request: social.ReportCreation) -> social.Reported:
        """Errors: CREATION_NOT_FOUND, OWN_CREATION, VALIDATION_ERROR, USER_NOT_FOUND."""
        creation_id, user_id = request.creation_id, request.user_id
        note = written(request.note, "note") if request.note and request.note.strip() else None
        since = await self._queries.signed_up_at(user_id)
        weight = weigh(since, self._new_account, self._clock())
        in_battle = await self._queries.in_battle(creation_id)
        about = (creation_id, user_id, request.reason)
        command = showing.ReportPicture(*about, self._hide_after_reports, weight, in_battle)
        await self._departures.check(user_id)
        await self._commands.execute(CREATION, creation_id, command, private=Words(note))
        await self._still_there(user_id)
        return social.Reported(creation_id=creation_id)

    async def appeal(self, request: social.AppealCreation) -> social.Appealed:
        """Errors: CREATION_NOT_FOUND, NOT_OWNER, APPEAL_NOT_POSSIBLE, VALIDATION_ERROR, USER_NOT_FOUND."""
        text = written(request.text, "text")
        command = showing.AppealHiding(request.creation_id, request.user_id)
        await self._commands.execute(CREATION, request.creation_id, command, private=Words(text))
        await self._still_there(request.user_id)
        return social.Appealed(creation_id=request.creation_id)

    async def cases(self, request: social.ListCases) -> social.CasePage:
        """Errors: PERMISSION_DENIED."""
        await self._moderators.check(request.by)
        return await self._queries.cases(request)

    async def decide(self, request: social.DecideCase) -> social.Decided:
        """Errors: PERMISSION_DENIED, CREATION_NOT_FOUND, VALIDATION_ERROR."""
        reason = written(request.reason, "reason")
        await self._moderators.check(request.by)
        command = showing.DecideCase(request.creation_id, request.by, request.decision)
        await self._commands.execute(CREATION, request.creation_id, command, private=Words(reason))
        await self._still_there(request.by)
        return social.Decided(creation_id=request.creation_id, decision=request.decision)

    async def feature(self, request: social.FeatureCreation) -> social.Pick:
        """Errors: PERMISSION_DENIED, CREATION_NOT_FOUND, CREATION_PRIVATE."""
        await self._moderators.check(request.by, ADMINS)
        command = showing.FeaturePicture(request.creation_id, request.by, request.featured)
        await self._commands.execute(CREATION, request.creation_id, command)
        return social.Pick(creation_id=request.creation_id, is_featured=request.featured)

    async def share(self, request: social.ShareCreation) -> social.Share:
        """Errors: CREATION_NOT_FOUND, CREATION_PRIVATE, USER_NOT_FOUND."""
        found = await self._queries.standing(request.creation_id, request.user_id)
        if not found.visible:
            raise showing.NotShown
        slug = secrets.token_urlsafe(SLUG_BYTES)
        async with self._database.write() as connection, connection.transaction():
            await connection.execute(HOLD_STILL, CREATION.stream(request.creation_id))
            kept = await connection.fetchval(KEEP_SHARE, slug, request.creation_id, request.user_id)
        await self._still_there(request.user_id)
        if kept is None:
            raise showing.NotShown
        return social.Share(slug=kept)

    async def export(self, request: social.ExportSocial) -> ExportPage:
        return await self._traces.export(request)

    async def _still_there(self, user_id: int) -> None:
        """Errors: USER_NOT_FOUND."""
        if await self._departures.has_left(user_id):
            await self._traces.erase(user_id)
            await self._departures.check(user_id)
