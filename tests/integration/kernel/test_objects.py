"""Object storage on a real S3."""

import io
from datetime import timedelta

import httpx
import pytest

from kernel.objects import Objects


async def test_what_is_put_can_be_got_and_is_gone_when_deleted(objects: Objects) -> None:
    await objects.put("a/1.txt", b"one", "text/plain")
    await objects.put("a/2.txt", io.BytesIO(b"two"), "text/plain", 3)
    assert [await objects.get(key) for key in ("a/1.txt", "a/2.txt")] == [b"one", b"two"]
    assert sorted(await objects.keys("a/")) == ["a/1.txt", "a/2.txt"]
    await objects.delete(["a/1.txt", "a/never-there.txt"])
    assert await objects.keys() == ["a/2.txt"]


async def test_what_is_not_there_is_a_key_error(objects: Objects) -> None:
    with pytest.raises(KeyError):
        await objects.get("nothing")


async def test_a_presigned_url_answers_to_anyone_and_stays_the_same_for_caches(objects: Objects) -> None:
    await objects.put("a/1.txt", b"one", "text/plain")
    url = objects.url("a/1.txt")
    assert objects.url("a/1.txt") == url
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"one", "text/plain")
        assert (await client.get(url.partition("?")[0])).status_code in (400, 403)
        assert (await client.get(url.replace("1.txt", "2.txt"))).status_code == 403


async def test_only_what_is_old_is_listed_as_old(objects: Objects) -> None:
    await objects.put("incoming/new", b"x", "text/plain")
    assert await objects.older_than("incoming/", timedelta(hours=1)) == []
    assert await objects.older_than("incoming/", timedelta(seconds=-5)) == ["incoming/new"]
