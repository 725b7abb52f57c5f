import tempfile
import tracemalloc
from typing import Any

import pytest
from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from gateway.pictures import accept
from tests.unit.gateway.photos import (
    HEIGHT,
    KINDS,
    WIDTH,
    chunk,
    decoded,
    encoded,
    exif,
    near,
    noise,
    original,
    scene,
    segment,
    taken,
    wide_gamut_profile,
    with_segments,
    working,
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_is_kept_to_the_pixel_and_gets_a_working_copy(kind: str) -> None:
    data = encoded(noise(1500, 700), kind)
    accepted = taken(data)
    assert (accepted.original_content_type, accepted.extension) == KINDS[kind]
    assert (accepted.width, accepted.height) == (1500, 700)
    assert accepted.original.tell() == 0
    assert accepted.original_bytes == len(accepted.original.getvalue())
    assert ImageChops.difference(original(accepted).convert("RGB"), decoded(data).convert("RGB")).getbbox() is None
    copy = working(accepted)
    assert (copy.format, copy.mode) == ("JPEG", "RGB")
    assert max(copy.size) <= 1024
    assert copy.width / copy.height == pytest.approx(1500 / 700, rel=0.01)


@pytest.mark.parametrize("size", [(1024, 500), (300, 40), (1920, 1440), (4000, 3000), (2500, 17), (5000, 64)])
def test_the_working_copy_is_as_large_as_it_may_be_and_never_larger_than_the_photo(size: tuple[int, int]) -> None:
    copy = working(taken(encoded(scene(*size), quality=60)))
    assert min(max(size), 920) <= max(copy.size) <= 1024


def test_a_progressive_jpeg_is_accepted() -> None:
    assert near(working(taken(encoded(scene(), progressive=True))), 0.75, 0.25, (30, 200, 30))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_the_orientation_of_the_camera_is_applied(kind: str, orientation: int) -> None:
    tags = exif(orientation)
    turned = encoded(scene(), kind, exif=tags)
    upright = decoded(turned)
    accepted = taken(turned)
    for picture in (original(accepted), working(accepted)):
        assert picture.getexif().get(0x0112) is None
        assert picture.size == ((WIDTH, HEIGHT) if orientation <= 4 else (HEIGHT, WIDTH))
        red = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
        assert near(picture, 0.25 + red[0] / 2, 0.25 + red[1] / 2, (220, 30, 30))
    assert (accepted.width, accepted.height) == original(accepted).size
    assert upright.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("size", [(1500, 700), (5000, 3000)])
def test_a_large_photo_that_lies_on_its_side_is_turned_and_bounded(size: tuple[int, int]) -> None:
    accepted = taken(encoded(scene(*size), exif=exif(6), quality=70))
    assert (accepted.width, accepted.height) == original(accepted).size
    assert max(original(accepted).size) == {1500: 1500, 5000: 4096}[size[0]]
    assert max(working(accepted).size) == 1024
    for picture in (original(accepted), working(accepted)):
        assert picture.width / picture.height == pytest.approx(size[1] / size[0], rel=0.01)
        assert near(picture, 0.75, 0.25, (220, 30, 30))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_nothing_that_tells_of_the_person_is_left(kind: str, orientation: int) -> None:
    xmp = b"<x:xmpmeta>SECRET PLACE</x:xmpmeta>"
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    options: dict[str, Any] = {"pnginfo": text} if kind == "PNG" else {"xmp": xmp, "comment": b"SECRET NOTE"}
    data = encoded(scene(), kind, exif=exif(orientation), **options)
    assert b"SECRET CAMERA" in data
    assert b"SECRET PLACE" in data
    accepted = taken(data)
    for left in (accepted.original.getvalue(), accepted.working_copy):
        for trace in (b"SECRET", b"Exif", b"xmp", b"eXIf", b"iTXt"):
            assert trace not in left


def test_thumbnails_comments_and_unknown_segments_of_a_jpeg_are_dropped() -> None:
    jfif = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02" + b"SECRET PIXELS")
    others = (segment(0xE0, b"JFXX\0SECRET"), segment(0xFE, b"SECRET"), segment(0xED, b"Photoshop 3.0\0SECRET"))
    accepted = taken(with_segments(encoded(scene()), jfif, *others))
    assert b"SECRET" not in accepted.original.getvalue()
    assert near(original(accepted), 0.25, 0.25, (220, 30, 30))


def test_text_chunks_of_a_png_are_dropped() -> None:
    png = encoded(scene(), "PNG")
    text = chunk(b"tEXt", b"Author\0SECRET") + chunk(b"zTXt", b"c\0\0SECRET") + chunk(b"prVt", b"SECRET")
    assert b"SECRET" not in taken(png[:33] + text + png[33:]).original.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_after_the_end_are_cut_off(kind: str) -> None:
    data = encoded(scene(), kind)
    accepted = taken(data + b"PK\x03\x04 a whole archive \xff\xd9 PK\x05\x06")
    assert accepted.original.getvalue().endswith(data[-8:])
    assert b"PK" not in accepted.original.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    data = encoded(scene(), kind, save_all=True, append_images=[noise(WIDTH, HEIGHT)] * 3, duration=100)
    accepted = taken(data)
    for picture in (original(accepted), working(accepted)):
        assert getattr(picture, "n_frames", 1) == 1
        assert near(picture, 0.75, 0.75, (240, 240, 60))


def test_printing_inks_become_screen_colours() -> None:
    inks = scene().convert("CMYK")
    for profile in (None, b"not a profile"):
        data = encoded(inks, icc_profile=profile)
        assert b"Adobe" in data  # Pillow writes the inks inverted and says so in an Adobe segment, as Photoshop does
        accepted = taken(data)
        for picture in (original(accepted), working(accepted)):
            assert picture.mode == "RGB"
            assert near(picture, 0.25, 0.25, (220, 30, 30))


def test_a_jpeg_that_stores_rgb_itself_keeps_its_colours() -> None:
    data = encoded(scene(), keep_rgb=True)
    accepted = taken(data)
    for picture in (original(accepted), working(accepted)):
        assert near(picture, 0.25, 0.25, (220, 30, 30))


def _modes() -> dict[str, Image.Image]:
    grey = scene().convert("L")
    see_through = scene().convert("RGBA")
    see_through.paste((0, 0, 0, 0), (0, 0, WIDTH // 2, HEIGHT // 2))
    palette = scene().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    palette.info["transparency"] = palette.getpixel((10, 10))
    deep = Image.frombytes(
        "I;16",
        (WIDTH, HEIGHT),
        b"".join(value.to_bytes(2, "little") * WIDTH for value in range(0, 65_535, 820))[: WIDTH * HEIGHT * 2],
    )
    return {
        "grey": grey,
        "see_through": see_through,
        "palette": palette,
        "deep": deep,
        "ink": grey.convert("1"),
        "LA": see_through.convert("LA"),
    }


@pytest.mark.parametrize("mode", _modes())
def test_every_kind_of_png_gets_a_working_copy_on_white(mode: str) -> None:
    picture = _modes()[mode]
    accepted = taken(
        encoded(picture, "PNG", **({"transparency": picture.info["transparency"]} if mode == "palette" else {}))
    )
    copy = working(accepted)
    assert (copy.mode, copy.size) == ("RGB", (WIDTH, HEIGHT))
    if mode in ("see_through", "palette", "LA"):
        assert near(copy, 0.25, 0.25, (255, 255, 255))
    if mode in ("see_through", "palette"):
        assert near(copy, 0.75, 0.25, (30, 200, 30))
    if mode == "deep":
        assert near(copy, 0.5, 0.5, (128, 128, 128), within=4)
        assert near(copy, 0.5, 0.99, (255, 255, 255), within=6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [0, 30_000])
def test_wide_gamut_colours_are_converted_and_a_small_profile_stays_with_the_original(kind: str, padding: int) -> None:
    profile = wide_gamut_profile(padding)
    picture = Image.new("RGB", (64, 64), (120, 180, 90))
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    accepted = taken(encoded(picture, kind, icc_profile=profile, **options))
    assert near(working(accepted), 0.5, 0.5, (80, 181, 83), within=5)
    assert "icc_profile" not in working(accepted).info
    kept = kind == "PNG" or not padding  # a PNG's profile is packed, and zeros pack well
    assert original(accepted).info.get("icc_profile") == (profile if kept else None)
    if not kept:
        assert near(original(accepted), 0.5, 0.5, (80, 181, 83), within=5)


def test_a_profile_that_is_not_one_is_passed_over() -> None:
    accepted = taken(encoded(scene(), icc_profile=b"\0\0\0\x20 nonsense" * 4))
    assert near(working(accepted), 0.25, 0.25, (220, 30, 30))


def test_a_spooled_upload_is_read_from_its_beginning() -> None:
    with tempfile.SpooledTemporaryFile(max_size=1000) as upload:
        upload.write(encoded(scene()))
        assert accept(upload).width == WIDTH


def test_a_large_upload_is_held_in_memory_once() -> None:
    with tempfile.TemporaryFile() as upload:
        size = upload.write(encoded(noise(2400, 1800)))
        tracemalloc.start()
        try:
            accepted = accept(upload)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert size > 5_000_000
    assert accepted.original_bytes <= size
    pixels = 2 * 1200 * 900 * 3  # decoded at a half, and twice for a moment while they go to OpenCV
    assert peak < 1.2 * size + pixels  # one copy, and room for it to grow
