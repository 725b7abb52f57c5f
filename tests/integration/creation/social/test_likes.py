"""Likes, looks and favourites: counts are exact, whoever taps how often at once."""

import asyncio
import random

from contracts.events.creation import CreationLiked, CreationUnliked
from contracts.rpc import creation as rpc
from contracts.rpc import social
from services.creation.app import build
from services.creation.domain import CREATION, DeleteCreation
from tests.given import refused
from tests.integration.creation.social.conftest import FAN, MODERATOR, OWNER, STRANGER, OwnerOf, Salon


async def test_a_like_is_one_and_seen_everywhere(salon: Salon, owner_of: OwnerOf) -> None:
    picture, other = await salon.picture(), await salon.picture()
    answers = await asyncio.gather(*[salon.like(picture) for _ in range(10)])
    assert all(answer == social.Liking(likes_count=1, is_liked=True) for answer in answers)
    assert await salon.like(picture, OWNER) == social.Liking(likes_count=2, is_liked=True)
    await salon.ear.heard(CreationLiked, times=2, creation_id=picture, owner_id=OWNER)

    for found in (
        (await salon.one(picture, FAN)).public,
        (await salon.feed(FAN)).items[1],
        (await salon.ask(rpc.RecentInStyle(user_id=FAN, style_id=3))).items[1],
        (await salon.ask(rpc.PublicByIds(user_id=FAN, creation_ids=[picture]))).items[0],
    ):
        assert found is not None
        assert (found.id, found.likes_count, found.is_liked) == (picture, 2, True)
    [_, mine] = (await salon.ask(rpc.ListMine(user_id=OWNER))).items
    assert (mine.likes_count, mine.is_liked) == (2, True)
    stranger = (await salon.one(picture, STRANGER)).public
    assert stranger is not None
    assert (stranger.likes_count, stranger.is_liked) == (2, False)
    counts = await salon.ask(rpc.CountLikes(creation_ids=[picture, other, 999]))
    assert counts.counts == {picture: 2, other: 0}

    assert await salon.unlike(picture) == social.Liking(likes_count=1, is_liked=False)
    assert await salon.unlike(picture) == social.Liking(likes_count=1, is_liked=False)
    await salon.ear.heard(CreationUnliked, creation_id=picture, user_id=FAN)
    assert len(salon.ear.of(CreationLiked)) == 2
    assert await salon.differences(owner_of) == []


async def test_what_one_may_not_see_one_cannot_like(salon: Salon) -> None:
    private = await salon.picture(is_public=False)
    assert (await salon.like(private, OWNER)).likes_count == 1
    for creation_id in (private, 4040, 2**53):
        for request in (
            social.LikeCreation(user_id=FAN, creation_id=creation_id),
            social.UnlikeCreation(user_id=FAN, creation_id=creation_id),
            social.KeepFavorite(user_id=FAN, creation_id=creation_id),
            social.ShareCreation(user_id=FAN, creation_id=creation_id),
            social.ReportCreation(user_id=FAN, creation_id=creation_id, reason="spam"),
            rpc.GetCreation(user_id=FAN, creation_id=creation_id),
        ):
            with refused("CREATION_NOT_FOUND"):
                await salon.ask(request)


async def test_what_was_marked_can_be_taken_back_whoever_may_see_it_now(salon: Salon, owner_of: OwnerOf) -> None:
    private, hidden = await salon.picture(), await salon.picture()
    for picture in (private, hidden):
        await salon.like(picture)
        await salon.like(picture, STRANGER)
        await salon.ask(social.KeepFavorite(user_id=FAN, creation_id=picture))
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=private, is_public=False))
    await salon.ask(social.DecideCase(by=MODERATOR, creation_id=hidden, decision="remove", reason="seen"))
    for picture in (private, hidden):
        together = await asyncio.gather(*[salon.unlike(picture) for _ in range(3)])
        assert together == [social.Liking(likes_count=1, is_liked=False)] * 3
        for _ in range(2):
            dropped = await salon.ask(social.DropFavorite(user_id=FAN, creation_id=picture))
            assert not dropped.is_favorite
        for request in (
            social.LikeCreation(user_id=FAN, creation_id=picture),
            social.KeepFavorite(user_id=FAN, creation_id=picture),
            social.UnlikeCreation(user_id=30, creation_id=picture),  # who never did learns nothing
            social.DropFavorite(user_id=STRANGER, creation_id=picture),
        ):
            with refused("CREATION_NOT_FOUND"):
                await salon.ask(request)
    await salon.ear.heard(CreationUnliked, times=2, user_id=FAN)
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=private, is_public=True))
    assert await kept(salon) == ([], 0)
    assert (await salon.feed()).items[0].likes_count == 1
    assert await salon.differences(owner_of) == []


async def test_a_storm_of_likes_from_two_processes_leaves_exact_counts(salon: Salon, owner_of: OwnerOf) -> None:
    """Sixty people tap at random, each on two phones, while a picture is deleted under their fingers."""
    pictures = [await salon.picture() for _ in range(3)]
    second = build(salon.settings)
    await second.start()
    last: dict[tuple[int, int], bool] = {}
    chance = random.Random(5)

    async def taps(user_id: int) -> None:
        for _ in range(6):
            picture = chance.choice(pictures[:2])
            wants = chance.random() < 0.6
            await (salon.like if wants else salon.unlike)(picture, user_id)
            last[picture, user_id] = wants

    async def deleted() -> None:
        await asyncio.gather(*[salon.like(pictures[2], user_id) for user_id in range(100, 130)], return_exceptions=True)

    storm = [taps(user_id) for user_id in range(100, 160)]
    gone = salon.service.commands.execute(CREATION, pictures[2], DeleteCreation(pictures[2], OWNER))
    await asyncio.gather(*storm, deleted(), gone)
    await second.stop()
    for picture in pictures[:2]:
        right = sum(on for (of, _), on in last.items() if of == picture)
        assert await salon.rows("SELECT likes FROM showings WHERE creation_id = $1", picture) == [(right,)]
        assert await salon.rows("SELECT count(*) FROM likes WHERE creation_id = $1", picture) == [(right,)]
    assert await salon.rows("SELECT count(*) FROM likes WHERE creation_id = $1", pictures[2]) == [(0,)]
    assert await salon.differences(owner_of) == []


async def test_looks_are_counted_once_for_each_person_and_favorites_are_kept(salon: Salon, owner_of: OwnerOf) -> None:
    pictures = [await salon.picture() for _ in range(3)]
    for user_id in (OWNER, FAN, FAN, STRANGER):
        found = await salon.one(pictures[0], user_id)
    assert found.views_count == 2
    assert (await salon.one(pictures[0])).views_count == 2
    together = await asyncio.gather(*[salon.one(pictures[1], FAN) for _ in range(5)])
    assert {answer.views_count for answer in together} <= {0, 1}
    assert (await salon.one(pictures[1])).views_count == 1

    for picture in (pictures[0], pictures[2], pictures[1], pictures[2]):
        assert (await salon.ask(social.KeepFavorite(user_id=FAN, creation_id=picture))).is_favorite
    assert (await salon.one(pictures[0], FAN)).is_favorite
    assert await kept(salon) == ([pictures[1], pictures[2], pictures[0]], 3)
    assert await kept(salon, limit=2, page=2) == ([pictures[0]], 3)
    first = await salon.ask(social.ListFavorites(user_id=FAN, limit=2))
    assert await kept(salon, limit=2, cursor=first.next_cursor) == ([pictures[0]], 3)
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[2], is_public=False))
    assert await kept(salon) == ([pictures[1], pictures[0]], 2)
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[2], is_public=True))
    await salon.ask(social.DropFavorite(user_id=FAN, creation_id=pictures[1]))
    assert await kept(salon) == ([pictures[2], pictures[0]], 2)
    await salon.ask(rpc.DeleteCreation(user_id=OWNER, creation_id=pictures[0]))
    assert await kept(salon) == ([pictures[2]], 1)
    assert await salon.differences(owner_of) == []


async def kept(salon: Salon, **options: int | None) -> tuple[list[int], int]:
    found = await salon.ask(social.ListFavorites(user_id=FAN, **options))
    return [item.id for item in found.items], found.total
