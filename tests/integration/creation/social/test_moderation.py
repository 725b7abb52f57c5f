"""Reports hide, moderators decide, owners appeal; and what is in a battle stays where it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.events.auth import AccountDeleted, GuestArrived, UserSignedUp
from contracts.events.battle import BattleCancelled, BattleEnded, BattleEntered, BattleStarted
from contracts.events.creation import CreationBarred, CreationUnliked, VisibilityChanged
from contracts.rpc import creation as rpc
from contracts.rpc import social
from contracts.rpc.exporting import ExportPage
from tests.given import refused
from tests.integration.creation.social.conftest import ADMIN, FAN, MODERATOR, OWNER, STRANGER, SUSPENDED, OwnerOf, Salon


async def report(salon: Salon, picture: int, user_id: int, note: str | None = None) -> None:
    await salon.ask(social.ReportCreation(user_id=user_id, creation_id=picture, reason="spam", note=note))


async def decide(salon: Salon, picture: int, decision: Any, by: int = MODERATOR, reason: str = "seen") -> None:
    await salon.ask(social.DecideCase(by=by, creation_id=picture, decision=decision, reason=reason))


async def cases(salon: Salon, **options: Any) -> social.CasePage:
    found: social.CasePage = await salon.ask(social.ListCases(by=MODERATOR, **options))
    return found


async def test_from_reports_to_the_last_word(salon: Salon, owner_of: OwnerOf) -> None:
    picture, other = await salon.picture(), await salon.picture()
    appeal = social.AppealCreation(user_id=OWNER, creation_id=picture, text="It is\n my own cat.")
    await is_reported_and_hidden(salon, picture, other, appeal)
    await is_appealed(salon, picture, other, appeal)
    await is_kept(salon, picture, other)
    await is_reported_by_others_and_removed(salon, picture, other, appeal)
    own = await salon.picture(MODERATOR)
    with refused("PERMISSION_DENIED"):
        await decide(salon, own, "remove")
    said = await salon.rows("SELECT data::text FROM events")
    assert not any("cat" in data or "note" in data or "seen" in data for (data,) in said)
    assert await salon.differences(owner_of) == []


async def is_reported_and_hidden(salon: Salon, picture: int, other: int, appeal: social.AppealCreation) -> None:
    with refused("OWN_CREATION"):
        await report(salon, picture, OWNER)
    with refused("APPEAL_NOT_POSSIBLE"):
        await salon.ask(appeal)
    await asyncio.gather(*[report(salon, picture, FAN, "a\0 note") for _ in range(5)])
    await report(salon, picture, STRANGER)
    await report(salon, other, FAN)
    assert (await salon.feed()).total == 2
    await report(salon, picture, 30)
    with refused("CREATION_NOT_FOUND"):
        await report(salon, picture, 31)
    assert await salon.feed_ids() == [other]
    shown = (await salon.one(picture)).own
    assert shown is not None
    assert (shown.is_public, shown.is_hidden) == (True, True)
    await salon.ear.heard(VisibilityChanged, creation_id=picture, is_public=False)


async def is_appealed(salon: Salon, picture: int, other: int, appeal: social.AppealCreation) -> None:
    with refused("PERMISSION_DENIED"):
        await salon.ask(social.ListCases(by=FAN))
    with refused("NOT_OWNER"):
        await salon.ask(appeal.model_copy(update={"user_id": FAN}))
    await salon.ask(appeal)
    with refused("APPEAL_NOT_POSSIBLE"):
        await salon.ask(appeal)
    page = await cases(salon, limit=1)
    [case] = page.items
    assert (page.total, case.creation.id, case.reports, case.is_hidden, case.is_appealed) == (2, picture, 3, True, True)
    assert {(each.user_id, each.note) for each in case.latest_reports} == {
        (FAN, "a note"),
        (STRANGER, None),
        (30, None),
    }
    assert [(each.kind, each.text) for each in case.texts] == [("appeal", "It is\n my own cat.")]
    [second] = (await cases(salon, limit=1, cursor=page.next_cursor)).items
    assert second.creation.id == other


async def is_kept(salon: Salon, picture: int, other: int) -> None:
    for by in (FAN, 404, SUSPENDED):
        with refused("PERMISSION_DENIED"):
            await decide(salon, picture, "keep", by=by)
    with refused("VALIDATION_ERROR"):
        await decide(salon, picture, "keep", reason=" \x01 ")
    await decide(salon, picture, "keep")
    await decide(salon, picture, "keep", by=ADMIN)
    await salon.ear.heard(VisibilityChanged, creation_id=picture, is_public=True)
    assert await salon.feed_ids() == [other, picture]


async def is_reported_by_others_and_removed(
    salon: Salon, picture: int, other: int, appeal: social.AppealCreation
) -> None:
    for user_id in (FAN, STRANGER, 30):  # old reports do not count again
        await report(salon, picture, user_id)
    for user_id in (41, 42):
        await report(salon, picture, user_id)
    assert picture in await salon.feed_ids()
    await report(salon, picture, 43)
    assert picture not in await salon.feed_ids()
    await decide(salon, picture, "remove")
    await salon.ask(appeal)
    await decide(salon, picture, "remove")
    with refused("APPEAL_NOT_POSSIBLE"):
        await salon.ask(appeal)
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=picture, is_public=False))
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=picture, is_public=True))
    assert await salon.feed_ids() == [other]
    await salon.ear.heard(VisibilityChanged, times=3, creation_id=picture)
    assert len(salon.ear.of(VisibilityChanged, creation_id=picture)) == 3
    assert [case.creation.id for case in (await cases(salon)).items] == [other]


@pytest.mark.parametrize("new_account_hours", [24.0])
async def test_new_accounts_hide_nothing_and_who_leaves_reports_nothing(salon: Salon, owner_of: OwnerOf) -> None:
    picture, other = await salon.picture(), await salon.picture()
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    for user_id in (FAN, STRANGER, 30, 31):
        await salon.say(UserSignedUp(user_id=user_id), at=long_ago)
    await salon.say(UserSignedUp(user_id=40))
    await salon.say(GuestArrived(user_id=41, credits=100), at=long_ago)  # a guest's time is not an account's
    await salon.until_rows("SELECT count(*) FROM accounts", [(5,)])
    await asyncio.gather(*[report(salon, picture, user_id) for user_id in range(40, 60)])
    assert picture in await salon.feed_ids()
    [case] = (await cases(salon)).items  # moderators see it at once
    assert (case.reports, case.weight, case.is_hidden, case.in_battle) == (20, 1.0, False, False)
    for user_id in (FAN, FAN, 30):
        assert picture in await salon.feed_ids()
        await report(salon, picture, user_id)
    assert picture not in await salon.feed_ids()
    [case] = (await cases(salon)).items
    assert (case.reports, case.weight, case.is_hidden) == (22, 3.0, True)

    await report(salon, other, FAN)
    await report(salon, other, 40)
    await salon.say(AccountDeleted(user_id=FAN))
    await salon.until_rows(f"SELECT reports, weight FROM cases WHERE creation_id = {other}", [(1, 25)])  # noqa: S608
    await salon.until_rows(f"SELECT reports, weight FROM cases WHERE creation_id = {picture}", [(21, 200)])  # noqa: S608
    assert picture not in await salon.feed_ids()  # it waits for a moderator
    await salon.say(UserSignedUp(user_id=FAN), at=long_ago)  # an old event once more
    await salon.say(AccountDeleted(user_id=40))
    await salon.until_rows("SELECT creation_id FROM cases", [(picture,)])
    await salon.until_rows("SELECT user_id FROM accounts ORDER BY 1", [(STRANGER,), (30,), (31,)])
    for user_id in (STRANGER, 30, 31):
        assert other in await salon.feed_ids()
        await report(salon, other, user_id)
    assert other not in await salon.feed_ids()
    assert await salon.differences(owner_of) == []


async def test_what_reports_alone_hide_may_fight_on_until_a_moderator_or_its_owner_says_no(salon: Salon) -> None:
    picture, other, private = await salon.picture(), await salon.picture(), await salon.picture(is_public=False)

    async def contenders() -> tuple[list[int], list[int]]:
        ask = rpc.ContendersByIds(user_id=FAN, creation_ids=[picture, other, private, 4040])
        found: rpc.Contenders = await salon.ask(ask)
        return sorted(item.id for item in found.items), found.under_review

    for user_id in (FAN, STRANGER, 30):
        await report(salon, picture, user_id)
    await salon.ear.heard(VisibilityChanged, creation_id=picture, is_public=False)
    assert await contenders() == ([picture, other], [picture])
    assert [
        item.id for item in (await salon.ask(rpc.PublicByIds(user_id=FAN, creation_ids=[picture, other]))).items
    ] == [other]
    await report(salon, picture, FAN)  # once more: it changes nothing
    with refused("CREATION_NOT_FOUND"):
        await report(salon, picture, 31)
    sides = {"creation_a_id": picture, "creation_b_id": other, "user_a_id": OWNER, "user_b_id": OWNER}
    await salon.say(BattleStarted(battle_id=1, ends_at="2026-02-18T06:29:40.000Z", **sides))
    await salon.until_rows("SELECT count(*) FROM contests", [(2,)])
    await report(salon, picture, 31)  # who sees it there
    [case] = (await cases(salon)).items
    assert (case.reports, case.in_battle) == (4, True)
    await salon.say(BattleCancelled(battle_id=1, **sides))
    await salon.until_rows("SELECT count(*) FROM contests", [(0,)])
    await decide(salon, picture, "keep")
    assert await contenders() == ([picture, other], [])
    assert salon.ear.of(CreationBarred) == []
    await decide(salon, picture, "remove")
    await salon.ear.heard(CreationBarred, creation_id=picture, user_id=OWNER)
    assert await contenders() == ([other], [])
    await salon.ask(social.AppealCreation(user_id=OWNER, creation_id=picture, text="mine"))
    assert await contenders() == ([other], [])
    await decide(salon, picture, "keep")
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=other, is_public=False))
    await salon.ear.heard(CreationBarred, creation_id=other)
    assert await contenders() == ([picture], [])


async def test_battles_bind_pictures_and_wins_are_counted(salon: Salon, owner_of: OwnerOf) -> None:
    mine, theirs = await salon.picture(), await salon.picture(FAN)
    sides = {"creation_a_id": mine, "creation_b_id": theirs, "user_a_id": OWNER, "user_b_id": FAN}
    ended = {"winner_user_id": OWNER, "loser_user_id": FAN, "winner_id": mine, **sides}
    await salon.say(BattleEntered(battle_id=1, creation_id=mine, user_id=OWNER))
    await salon.say(BattleStarted(battle_id=1, ends_at="2026-02-18T06:29:40.000Z", **sides))
    await salon.say(BattleEnded(battle_id=2, **ended))  # its beginning comes later
    await salon.say(BattleStarted(battle_id=2, ends_at="2026-02-18T06:29:40.000Z", **sides))
    await salon.say(BattleStarted(battle_id=3, ends_at="2026-02-18T06:29:40.000Z", **sides))
    await salon.say(BattleCancelled(battle_id=3, **sides))
    await salon.until_rows(
        "SELECT stream_id FROM streams WHERE state->>'over' = 'true' ORDER BY 1", [("contest-2",), ("contest-3",)]
    )
    await salon.until_rows("SELECT battle_id, creation_id FROM contests ORDER BY 2", [(1, mine), (1, theirs)])
    for request in (
        rpc.DeleteCreation(user_id=OWNER, creation_id=mine),
        social.ChangeCreation(user_id=OWNER, creation_id=mine, is_public=False),
    ):
        with refused("CREATION_IN_BATTLE"):
            await salon.ask(request)
    with refused("NOT_OWNER"):
        await salon.ask(rpc.DeleteCreation(user_id=FAN, creation_id=mine))
    own = (await salon.one(mine)).own
    assert own is not None
    assert (own.in_battle, own.battle_wins) == (True, 1)
    for _ in range(2):
        await salon.say(BattleEnded(battle_id=1, **ended))
    await salon.until_rows("SELECT battle_id FROM contests", [])
    own = (await salon.one(mine)).own
    assert own is not None
    assert (own.in_battle, own.battle_wins) == (False, 2)
    await salon.ask(rpc.DeleteCreation(user_id=OWNER, creation_id=mine))
    assert await salon.differences(owner_of) == []


async def test_whoever_leaves_takes_back_all_that_they_did(salon: Salon, owner_of: OwnerOf) -> None:
    pictures = [await salon.picture() for _ in range(3)]
    own = await salon.picture(FAN)
    await salon.ask(social.ChangeCreation(user_id=FAN, creation_id=own, tags=["zoraida"]))
    for picture in pictures:
        await salon.like(picture)
        await salon.like(picture, STRANGER)
        await salon.one(picture, FAN)
    await salon.ask(social.KeepFavorite(user_id=FAN, creation_id=pictures[0]))
    await salon.like(own, STRANGER)
    link = await salon.ask(social.ShareCreation(user_id=FAN, creation_id=pictures[0]))
    for user_id in (STRANGER, 30, 31):
        await report(salon, own, user_id)
    await salon.ask(social.AppealCreation(user_id=FAN, creation_id=own, text="zoraida is my cat"))
    await report(salon, pictures[1], FAN, "zoraida was here")

    records: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page: ExportPage = await salon.ask(social.ExportSocial(user_id=FAN, after=after))
        records += page.records
        after = page.next
    told = [(record["what"], record["creation_id"]) for record in records]
    everything = [("like", picture) for picture in pictures] + [("favorite", pictures[0])]
    everything += [("view", picture) for picture in pictures]
    everything += [("report", pictures[1]), ("moderation", own), ("share", pictures[0]), ("tags", own)]
    assert told == everything
    assert "zoraida was here" in str(records)

    await salon.say(AccountDeleted(user_id=FAN))
    await salon.ear.heard(CreationUnliked, times=3, user_id=FAN)
    for table in ("likes", "views", "favorites", "reports", "moderation_texts", "shares", "showings"):
        await salon.until_rows(f"SELECT count(*) FROM {table} WHERE user_id = {FAN}", [(0,)])  # noqa: S608
    assert await salon.rows("SELECT count(*) FROM tags") == [(0,)]
    for picture in pictures:
        found = (await salon.feed(STRANGER)).items[0]
        assert (await salon.one(picture)).views_count == 1
        assert found.likes_count == 1
    with refused("CREATION_NOT_FOUND"):
        await salon.ask(social.OpenShare(slug=link.slug))
    with refused("USER_NOT_FOUND"):  # a request that was on its way
        await salon.like(pictures[0])
    assert await salon.rows("SELECT likes FROM showings WHERE creation_id = $1", pictures[0]) == [(1,)]
    assert await salon.differences(owner_of) == []
