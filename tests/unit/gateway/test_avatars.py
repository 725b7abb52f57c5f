"""What becomes of a picture that someone shows themselves by."""

import io

import pytest
from PIL import Image

from gateway.avatars import squares
from gateway.pictures import PictureRefused
from tests.unit.gateway.photos import encoded, scene


def test_two_squares_come_of_a_picture_of_any_shape() -> None:
    for width, height in ((800, 600), (300, 1200), (64, 64)):
        found = squares(io.BytesIO(encoded(scene(width, height))))
        pictures = {name: Image.open(io.BytesIO(data)) for name, data in found.items()}
        assert {name: (picture.format, picture.size) for name, picture in pictures.items()} == {
            "512.jpg": ("JPEG", (512, 512)),
            "128.jpg": ("JPEG", (128, 128)),
        }
        assert all("exif" not in picture.info for picture in pictures.values())


def test_the_middle_is_kept() -> None:
    photo = Image.new("RGB", (900, 300), "red")
    photo.paste("blue", (300, 0, 600, 300))
    for data in squares(io.BytesIO(encoded(photo))).values():
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        side = picture.width
        for at in ((side // 8, side // 8), (side // 2, side // 2), (side - side // 8, side - side // 8)):
            red, _, blue = picture.getpixel(at)  # type: ignore[misc]
            assert blue > 200
            assert red < 60


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0 no picture"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        squares(io.BytesIO(data))
