import io

import pytest
from PIL import Image

from services.creation.adapters.thumbnails import thumbnail


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (1024, 600)) -> bytes:
    tags = Image.Exif()
    tags[0x010F] = "SECRET"
    out = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert(mode).save(out, kind, exif=tags, icc_profile=b"SECRET")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_thumbnail_is_a_webp_of_four_hundred_pixels_without_metadata(kind: str) -> None:
    data = thumbnail(picture(kind))
    small = Image.open(io.BytesIO(data))
    assert (small.format, small.size) == ("WEBP", (400, 234))
    assert b"SECRET" not in data


def test_a_small_picture_is_not_enlarged() -> None:
    assert Image.open(io.BytesIO(thumbnail(picture("PNG", size=(120, 90))))).size == (120, 90)


def test_what_is_transparent_stays_transparent() -> None:
    assert Image.open(io.BytesIO(thumbnail(picture("PNG", "RGBA")))).mode in ("RGB", "RGBA")
    clear = io.BytesIO()
    Image.new("RGBA", (500, 500), (255, 0, 0, 0)).save(clear, "PNG")
    assert Image.open(io.BytesIO(thumbnail(clear.getvalue()))).convert("RGBA").getpixel((9, 9))[3] == 0  # type: ignore[index]  # RGBA pixels are tuples


def test_what_is_no_picture_is_an_error() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        thumbnail(b"<html>502 Bad Gateway</html>")
