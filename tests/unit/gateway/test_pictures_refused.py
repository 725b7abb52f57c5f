import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pictures import MAX_BYTES, PictureRefused
from tests.unit.gateway.photos import (
    HEIGHT,
    KINDS,
    WIDTH,
    encoded,
    exif,
    hollow_png,
    noise,
    original,
    refused,
    scene,
    taken,
)


def test_a_png_with_two_headers_is_refused() -> None:
    png = hollow_png(100, 100)
    assert refused(png[:33] + png[8:]).code == "INVALID_IMAGE"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.03, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    data = encoded(noise(200, 100), kind)
    assert refused(data[: int(len(data) * share)]).code == "INVALID_IMAGE"


def test_a_png_with_a_flipped_bit_is_refused() -> None:
    data = bytearray(encoded(noise(60, 60), "PNG"))
    data[len(data) // 2] ^= 4
    assert "damaged" in refused(bytes(data)).message


def test_a_png_whose_checksum_is_right_but_whose_pixels_are_not_is_refused() -> None:
    assert refused(hollow_png(200, 100, b"too few pixels")).code == "INVALID_IMAGE"


def test_an_empty_file_is_refused() -> None:
    assert refused(b"").message == "The file is empty. Only JPG, PNG, and WebP images are supported."


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (encoded(scene(), "GIF"), "GIF"),
        (encoded(scene(), "GIF", save_all=True, append_images=[noise(WIDTH, HEIGHT)]), "GIF"),
        (encoded(scene(), "BMP"), "BMP"),
        (encoded(scene(), "TIFF"), "TIFF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "not a picture"),
        (b"%PDF-1.7\n" + encoded(scene()), "PDF"),
        (b" <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"PK\x03\x04" + encoded(scene()), "ZIP"),
        (b"#!/bin/sh\nexit\n", "not a picture"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "not a picture"),
    ],
)
def test_anything_else_is_refused_by_its_own_name(data: bytes, word: str) -> None:
    refusal = refused(data)
    assert refusal.code == "INVALID_IMAGE"
    assert word in refusal.message
    assert "Only JPG, PNG, and WebP images are supported." in refusal.message


@pytest.mark.parametrize("head", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x08\0\0\0WEBP"])
def test_a_right_beginning_with_nothing_behind_it_is_refused(head: bytes) -> None:
    assert refused(head).code == "INVALID_IMAGE"
    assert refused(head + bytes(3000)).code == "INVALID_IMAGE"
    assert refused(head + b"\xff" * 3000).code == "INVALID_IMAGE"


def test_ten_megabytes_are_accepted_and_one_byte_more_is_not() -> None:
    data = encoded(scene())
    full = data + bytes(MAX_BYTES - len(data))
    assert taken(full).original_bytes < len(data) + 1
    refusal = refused(full + b"\0")
    assert (refusal.code, refusal.message) == ("IMAGE_TOO_LARGE", "Image must be under 10 MB.")


@pytest.mark.parametrize("size", [(30_000, 30_000), (12_001, 20), (20, 12_001), (5001, 5000), (2**31, 2**31)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    data = hollow_png(*size)
    assert len(data) < 4096
    assert refused(data).code == "IMAGE_TOO_LARGE"


def test_a_jpeg_and_a_webp_that_claim_too_many_pixels_are_refused() -> None:
    jpeg = encoded(scene())
    frame = jpeg.index(b"\xff\xc0") + 5
    assert refused(jpeg[:frame] + b"\xff\x00\xff\x00" + jpeg[frame + 4 :]).code == "IMAGE_TOO_LARGE"
    canvas = b"\0\0\0\0" + (16_000).to_bytes(3, "little") * 2
    body = b"VP8X\x0a\0\0\0" + canvas
    assert refused(b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body).code == "IMAGE_TOO_LARGE"


def test_a_picture_of_too_few_pixels_is_refused() -> None:
    assert "16 pixels" in refused(encoded(scene(15, 400))).message
    assert taken(encoded(scene(16, 16))).width == 16


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encoded(scene(), progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    assert "unusual" in refused(data[:-2] + last * 60 + data[-2:]).message


SEEDS = [
    encoded(scene(40, 30), kind, exif=exif(3), **options)
    for kind, options in (
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    )
]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.floats(0, 0.9999), st.binary(min_size=1, max_size=4)), max_size=6),
    end=st.floats(0.5, 1),
)
def test_whatever_is_done_to_a_file_it_is_accepted_or_refused(
    seed: bytes, changes: list[tuple[float, bytes]], end: float
) -> None:
    data = bytearray(seed)
    for place, replacement in changes:
        position = int(place * len(data))
        data[position : position + len(replacement)] = replacement
    try:
        accepted = taken(bytes(data[: round(len(data) * end)]))
    except PictureRefused:
        return
    assert original(accepted).size == (accepted.width, accepted.height)
    assert b"SECRET" not in accepted.original.getvalue()
