"""Uploads as bad clients and bad networks make them: a readable answer, and nothing left behind."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.rpc import jobs
from gateway.pictures import MAX_BYTES
from kernel.objects import Objects
from tests.integration.gateway.conftest import Running, StartGateway, eventually
from tests.integration.gateway.fakes import Fakes
from tests.integration.gateway.raw import BOUNDARY, chunked, exchange, form_parts, read_answer
from tests.integration.gateway.test_envelope import assert_error
from tests.integration.gateway.test_generate import GENERATE, PHOTO, generate
from tests.unit.gateway.photos import decoded, encoded, noise, scene

MEGABYTE = 1024 * 1024


def head(fakes: Fakes, *lines: str, content_type: str = f"multipart/form-data; boundary={BOUNDARY.decode()}") -> str:
    return "\n".join(
        [
            f"POST {GENERATE} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {fakes.key.token(42)}",
            f"Content-Type: {content_type}",
            *lines,
        ]
    )


def zeros(megabytes: int) -> Iterable[bytes]:
    for _ in range(megabytes):
        yield bytes(MEGABYTE)


def padded(size: int) -> bytes:
    """A good picture with bytes behind it."""
    return PHOTO + bytes(size - len(PHOTO))


@pytest.mark.parametrize("megabytes", [11, 40])
async def test_a_picture_that_is_too_large_gets_a_readable_answer(
    gateway: Running, fakes: Fakes, objects: Objects, megabytes: int
) -> None:
    length = sum(len(piece) for piece in form_parts({"style_id": 1}, zeros(megabytes)))
    answer = await exchange(
        gateway.port, head(fakes, f"Content-Length: {length}"), form_parts({"style_id": 1}, zeros(megabytes))
    )
    assert (answer.status, answer.code) == (413, "IMAGE_TOO_LARGE")
    assert answer.headers["connection"] == "close"
    assert await objects.keys() == []


async def test_so_does_one_that_does_not_say_how_large_it_is(gateway: Running, fakes: Fakes) -> None:
    parts = chunked(form_parts({"style_id": 1}, zeros(11)))
    answer = await exchange(gateway.port, head(fakes, "Transfer-Encoding: chunked"), parts)
    assert (answer.status, answer.code) == (413, "IMAGE_TOO_LARGE")


async def test_a_client_that_asks_before_it_sends_is_told_at_once(gateway: Running, fakes: Fakes) -> None:
    answer = await exchange(gateway.port, head(fakes, f"Content-Length: {11 * MEGABYTE}", "Expect: 100-continue"))
    assert (answer.status, answer.code) == (413, "IMAGE_TOO_LARGE")


async def test_ten_megabytes_are_allowed_and_one_byte_more_is_not(gateway: Running, fakes: Fakes) -> None:
    largest = await generate(gateway, {"Prefer": "respond-async"}, padded(MAX_BYTES))
    assert largest.status_code == 202, largest.text
    assert_error(await generate(gateway, photo=padded(MAX_BYTES + 1)), 413, "IMAGE_TOO_LARGE")
    assert len(fakes.asked[jobs.RequestCreation]) == 1


async def test_a_large_upload_without_a_good_token_is_refused_readably(gateway: Running, fakes: Fakes) -> None:
    length = sum(len(piece) for piece in form_parts({}, zeros(9)))
    unsigned = head(fakes, f"Content-Length: {length}").replace("Bearer ", "Bearer x")
    answer = await exchange(gateway.port, unsigned, form_parts({}, zeros(9)))
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"", "INVALID_IMAGE"),
        (b"GIF89a" + bytes(100), "INVALID_IMAGE"),
        (b"<html>photo.jpg</html>", "INVALID_IMAGE"),
        (PHOTO[: len(PHOTO) // 2], "INVALID_IMAGE"),
        (encoded(scene(8, 8)), "INVALID_IMAGE"),
    ],
)
async def test_what_is_no_good_picture_is_refused_whatever_its_name_says(
    gateway: Running, fakes: Fakes, objects: Objects, photo: bytes, code: str
) -> None:
    assert_error(await generate(gateway, photo=photo), 400, code)
    assert not fakes.asked[jobs.RequestCreation]
    assert await objects.keys() == []


async def test_a_form_without_a_picture_names_what_is_missing(gateway: Running) -> None:
    for files in ({"other": ("photo.jpg", PHOTO)}, {"image": (None, b"just text")}):
        answer = await gateway.client.post(GENERATE, data={"style_id": "1"}, files=files)
        assert set(assert_error(answer, 400, "VALIDATION_ERROR")["details"]) == {"image"}


FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"style_id=1"),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x\r\n"),
        (FORM, b""),
        (FORM, b"no boundary anywhere"),
        (FORM, b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
        (FORM, b"--x\r\n\r\n1\r\n--x--\r\n"),
        (FORM, b"--x\r\n: \r\n\r\n1\r\n--x--\r\n"),
        (FORM, PART % (b"style_id", b"", b"1")),
        (FORM, PART % (b"image", b'; filename="a"', b"\xff\xd8")),
        (FORM, PART % (b"image", b'; filename="a"', b"\xff\xd8\r\n--x\r\n")),
        (FORM + '; charset="undefined"', PART % (b"\xff", b"", b"\xff\r\n--x--\r\n")),
        (FORM + "; charset=klingon", PART % (b"\xff", b"", b"\xff\r\n--x--\r\n")),
    ],
)
async def test_a_form_that_cannot_be_read_is_a_validation_error(
    gateway: Running, content_type: str, body: bytes
) -> None:
    answer = await gateway.client.post(GENERATE, content=body, headers={"Content-Type": content_type})
    assert_error(answer, 400, "VALIDATION_ERROR")


async def test_a_form_of_very_many_fields_is_refused(gateway: Running) -> None:
    fields: dict[str, Any] = {f"field-{n}": "x" for n in range(100)}
    assert_error(await generate(gateway, **fields), 400, "VALIDATION_ERROR")
    assert_error(await generate(gateway, junk="x" * 100_000), 400, "VALIDATION_ERROR")


async def test_noise_in_the_place_of_a_form_never_crashes(gateway: Running) -> None:
    noise = os.urandom(50_000)
    for cut in (10, 100, 5_000, 50_000):
        body = b"--x\r\n" + noise[:cut] + b"\r\n--x\r\n" + noise[cut // 2 : cut] + b"\r\n--x--"
        answer = await gateway.client.post(
            GENERATE, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert_error(answer, 400, "VALIDATION_ERROR")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    gateway: Running, fakes: Fakes, objects: Objects
) -> None:
    assert (await gateway.client.get("/api/styles")).status_code == 200
    before = open_files()
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(head(fakes, f"Content-Length: {5 * MEGABYTE}").replace("\n", "\r\n").encode() + b"\r\n\r\n")
        for piece in list(form_parts({"style_id": 1}, [PHOTO, *zeros(2)]))[:-1]:
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def is_all_closed() -> bool:
        return open_files() <= before

    await eventually(is_all_closed)
    assert await objects.keys() == []
    assert not fakes.asked[jobs.RequestCreation]


async def test_a_picture_that_comes_in_small_pieces_is_whole(gateway: Running, fakes: Fakes, objects: Objects) -> None:
    picture = encoded(noise(1400, 1000))
    assert len(picture) > MEGABYTE
    parts = list(form_parts({"style_id": 1}, [picture[at : at + 10_007] for at in range(0, len(picture), 10_007)]))
    lines = (f"Content-Length: {sum(map(len, parts))}", "Prefer: respond-async")
    assert (await exchange(gateway.port, head(fakes, *lines), parts)).status == 202
    asked = fakes.asked[jobs.RequestCreation][0]
    assert decoded(await objects.get(asked.original_key)).tobytes() == decoded(picture).tobytes()


async def test_an_upload_that_never_ends_is_not_waited_for(start_gateway: StartGateway, fakes: Fakes) -> None:
    running = await start_gateway(upload_timeout_s=0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(head(fakes, f"Content-Length: {MEGABYTE}").replace("\n", "\r\n").encode() + b"\r\n\r\n--")
    answer = await read_answer(reader)
    assert (answer.status, answer.code) == (408, "REQUEST_TIMEOUT")
    writer.close()
