"""What becomes of a picture that someone shows themselves by: the square in its middle, large and small."""

import io

from PIL import Image, ImageOps

from gateway.pictures import Upload, accept

SIDES_PIXELS = (512, 128)
QUALITY = 88


def squares(upload: Upload) -> dict[str, bytes]:
    """Two JPEGs by their names, `512.jpg` and `128.jpg`, without metadata. For a thread.

    Errors: PictureRefused, as for every picture.
    """
    working_copy = accept(upload).working_copy  # upright, sRGB, clean, and large enough
    with Image.open(io.BytesIO(working_copy), formats=["JPEG"]) as picture:
        return {f"{side}.jpg": _square(picture, side) for side in SIDES_PIXELS}


def _square(picture: Image.Image, side: int) -> bytes:
    square = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
    square.info.clear()
    out = io.BytesIO()
    square.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
