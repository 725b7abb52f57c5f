"""Pictures, good and nasty, made from nothing for the tests."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gateway.pictures import Accepted, PictureRefused, accept

WIDTH, HEIGHT = 120, 80
KINDS = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}


def scene(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Four quarters of different colours, so that every turning and mirroring can be told from the others."""
    picture = Image.new("RGB", (width, height), (220, 30, 30))
    picture.paste((30, 200, 30), (width // 2, 0, width, height // 2))
    picture.paste((30, 30, 220), (0, height // 2, width // 2, height))
    picture.paste((240, 240, 60), (width // 2, height // 2, width, height))
    return picture


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **{"quality": 95, **options} if kind != "PNG" else options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF with an orientation, a camera and a place."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "SECRET CAMERA"
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    tags.get_ifd(0x8825)[29] = "SECRET DAY"
    return tags


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def hollow_png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that promises any size in a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(body or bytes(4096)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def wide_gamut_profile(padding: int = 0) -> bytes:
    """An ICC v2 matrix profile with the primaries of Adobe RGB (1998), by the ICC specification, chapters 7 to 9."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    name = b"Wide test\0"
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78 + padding),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.6097, 0.3111, 0.0195),
        b"gXYZ": xyz(0.2053, 0.6257, 0.0609),
        b"bXYZ": xyz(0.1492, 0.0632, 0.7446),
        b"rTRC": gamma,
        b"gTRC": gamma,
        b"bTRC": gamma,
    }
    table, bodies = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for kind, body in tags.items():
        table += kind + struct.pack(">II", start + len(bodies), len(body))
        bodies += body + bytes(-len(body) % 4)
    size = start + len(bodies)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + table + bodies


def taken(data: bytes) -> Accepted:
    return accept(io.BytesIO(data))


def refused(data: bytes) -> PictureRefused:
    with pytest.raises(PictureRefused) as caught:
        taken(data)
    return caught.value


def original(accepted: Accepted) -> Image.Image:
    return decoded(accepted.original.getvalue())


def working(accepted: Accepted) -> Image.Image:
    return decoded(accepted.working_copy)


def near(picture: Image.Image, x: float, y: float, colour: tuple[int, int, int], within: int = 14) -> bool:
    """Whether the picture has that colour at a place given in shares of its width and height."""
    pixel = picture.convert("RGB").getpixel((int(picture.width * x), int(picture.height * y)))
    assert isinstance(pixel, tuple)
    return all(abs(seen - wanted) <= within for seen, wanted in zip(pixel, colour, strict=True))
