"""The feed: every order and filter, pages that stay in place while pictures come and go, totals that are true."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.rpc import creation as rpc
from contracts.rpc import social
from tests.given import refused
from tests.integration.creation.social.conftest import ADMIN, FAN, MODERATOR, OWNER, STRANGER, OwnerOf, Salon


async def walked(salon: Salon, **options: Any) -> list[int]:
    """All pages by cursor."""
    ids: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await salon.feed(**options, cursor=cursor or None)
        ids += [item.id for item in page.items]
        cursor = page.next_cursor
    return ids


async def test_orders_filters_totals_and_cursors(salon: Salon, owner_of: OwnerOf) -> None:
    first = [await salon.picture(OWNER if number % 2 else FAN, style_id=number % 3 + 1) for number in range(9)]
    private = await salon.picture(is_public=False)
    newest = first[::-1]
    assert await salon.feed_ids() == newest
    assert (await salon.feed()).total == 9
    for filters, right in (
        ({"style_id": 2}, [first[7], first[4], first[1]]),
        ({"of_user": OWNER}, [first[n] for n in (7, 5, 3, 1)]),
        ({"of_user": OWNER, "style_id": 2}, [first[7], first[1]]),
        ({"style_id": 99}, []),
        ({"style_id": 0}, []),
        ({"of_user": 2**62}, []),
    ):
        for sort in ("newest", "popular", "trending"):
            found = await salon.feed(sort=sort, **filters)
            assert ([item.id for item in found.items], found.total) == (right, len(right)), (filters, sort)
    for picture, fans in ((first[2], 3), (first[5], 2), (first[0], 2), (first[8], 1)):
        await asyncio.gather(*[salon.like(picture, user_id) for user_id in range(100, 100 + fans)])
    popular = [first[2], first[5], first[0], first[8], first[7], first[6], first[4], first[3], first[1]]
    assert await salon.feed_ids(sort="popular") == popular
    # Pictures of one second are alike by age; three likes lift more than two, two looks less than one like.
    for user_id in (201, 202):
        await salon.one(first[4], user_id)
    trending = await salon.feed_ids(sort="trending")
    assert trending[:5] == [first[2], first[5], first[0], first[8], first[4]]

    for sort, right in (("newest", newest), ("popular", popular), ("trending", trending)):
        assert await walked(salon, sort=sort, limit=2) == right
        assert await walked(salon, sort=sort, limit=3) == right
        pages = [await salon.feed_ids(sort=sort, limit=4, page=page) for page in (1, 2, 3, 4)]
        assert pages == [right[:4], right[4:8], right[8:], []]
        page = await salon.feed(sort=sort, limit=2)
        added = await salon.picture()
        await salon.like(added, 300)
        behind = await salon.feed(sort=sort, limit=2, cursor=page.next_cursor)
        if sort == "newest":  # else the new one may come behind, and nothing comes twice all the same
            assert [item.id for item in behind.items] == right[2:4]
        assert not {item.id for item in page.items} & {item.id for item in behind.items}
        await salon.ask(rpc.DeleteCreation(user_id=OWNER, creation_id=added))
    assert (await salon.feed()).total == 9
    assert private not in await salon.feed_ids()
    for sort, cursor in (
        ("newest", "x"),
        ("popular", "1.5_2"),
        ("trending", "nan_3"),
        ("newest", "1_-4"),
        ("trending", "1e999_1"),
        ("newest", "9" * 90 + "_1"),
    ):
        with refused("VALIDATION_ERROR"):
            await salon.feed(sort=sort, cursor=cursor)
    with refused("VALIDATION_ERROR"):
        await salon.feed(page=502)
    assert await salon.differences(owner_of) == []


async def test_visibility_tags_and_picks(salon: Salon, owner_of: OwnerOf) -> None:
    pictures = [await salon.picture() for _ in range(3)]
    change = social.ChangeCreation(
        user_id=OWNER, creation_id=pictures[0], is_public=False, tags=["#Lake", " lake ", "\uff21\uff35\uff34  day", ""]
    )
    changed = await salon.ask(change)
    assert changed.own.is_public is False
    assert changed.tags == ["lake", "aut day"]
    assert (await salon.ask(change)).own.is_public is False
    with refused("CREATION_NOT_FOUND"):
        await salon.one(pictures[0], FAN)
    assert (await salon.feed()).total == 2
    with refused("NOT_OWNER"):
        await salon.ask(social.ChangeCreation(user_id=FAN, creation_id=pictures[1], is_public=False))
    for tags in ([str(n) for n in range(11)], ["x" * 31]):
        with refused("VALIDATION_ERROR"):
            await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[0], tags=tags))
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[0], is_public=True))
    assert await salon.feed_ids() == pictures[::-1]

    for by in (OWNER, MODERATOR, 404):
        with refused("PERMISSION_DENIED"):
            await salon.ask(social.FeatureCreation(by=by, creation_id=pictures[0], featured=True))
    for picture in (pictures[2], pictures[0], pictures[2]):
        await salon.ask(social.FeatureCreation(by=ADMIN, creation_id=picture, featured=True))
    assert await picked(salon) == [pictures[0], pictures[2]]
    assert [item.is_featured for item in (await salon.feed()).items] == [True, False, True]
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[2], is_public=False))
    assert await picked(salon) == [pictures[0]]
    await salon.ask(social.FeatureCreation(by=ADMIN, creation_id=pictures[0], featured=False))
    assert await picked(salon) == []
    with refused("CREATION_PRIVATE"):
        await salon.ask(social.FeatureCreation(by=ADMIN, creation_id=pictures[2], featured=False))
        await salon.ask(social.FeatureCreation(by=ADMIN, creation_id=pictures[2], featured=True))

    with refused("CREATION_PRIVATE"):
        await salon.ask(social.ShareCreation(user_id=OWNER, creation_id=pictures[2]))
    link = await salon.ask(social.ShareCreation(user_id=FAN, creation_id=pictures[0]))
    assert await salon.ask(social.ShareCreation(user_id=FAN, creation_id=pictures[0])) == link
    assert await salon.ask(social.ShareCreation(user_id=STRANGER, creation_id=pictures[0])) != link
    opened = await salon.ask(social.OpenShare(slug=link.slug))
    assert opened.id == pictures[0]
    for url in (
        opened.generated_image_url,
        opened.thumbnail_url,
    ):  # anyone gets it: it must not outlive the link by long
        assert 60 < int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0]) <= 600
    await salon.ask(social.ChangeCreation(user_id=OWNER, creation_id=pictures[0], is_public=False))
    for slug in (link.slug, "nothing"):
        with refused("CREATION_NOT_FOUND"):
            await salon.ask(social.OpenShare(slug=slug))
    assert await salon.differences(owner_of) == []


async def picked(salon: Salon) -> list[int]:
    return [item.id for item in (await salon.ask(rpc.Featured(user_id=FAN))).items]
