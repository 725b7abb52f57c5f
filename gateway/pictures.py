"""What an upload must be to become a photo of ours, and what is made of it. Pure functions for a thread.

Pillow alone reads what people send; OpenCV only makes decoded pixels fewer.

Only JPEG, PNG and WebP are accepted, by their bytes and never by their name, and only if they decode to the end. Of an
animation the still picture is taken (the first frame): that is what a phone shows for it, and what people mean.

Two pictures come of it. The original keeps its pixels as they came wherever it can: its file is rewritten without
everything that is not the picture (a small colour profile may stay: without it the colours would be others). It
is encoded anew only when it must be turned upright, holds an animation, printing inks or an outsized profile: then as
an sRGB JPEG on white, its longest side at most 4096. The working copy is always such a JPEG, of at most 1024.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from PIL import Image, ImageCms

from gateway.picture_files import PNG_MAGIC, BrokenFile, Layout, compact, read_jpeg, read_png, read_webp

MAX_BYTES = 10 * 1024 * 1024
MIN_SIDE_PIXELS = 16
MAX_SIDE_PIXELS = 12_000
MAX_PIXELS = {"JPEG": 50_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
"""Phones take JPEGs of 50 megapixels, which can be decoded at a half or an eighth; the others are decoded whole."""
WORKING_SIDE_PIXELS = 1024
ENOUGH = 0.9  # of a wanted length: a JPEG that decodes this large at a half, a quarter or an eighth needs no resizing
UPRIGHT_SIDE_PIXELS = 4096
WORKING_QUALITY = 85  # what a painter can use; every job in flight holds it several times over
UPRIGHT_QUALITY = 92
_COPY_BYTES = 256 * 1024

Format = Literal["JPEG", "PNG", "WEBP"]
Refusal = Literal["INVALID_IMAGE", "IMAGE_TOO_LARGE"]
ONLY = "Only JPG, PNG, and WebP images are supported."


class Upload(Protocol):
    """Any seekable binary file, spooled ones included."""

    def seek(self, offset: int, /) -> int: ...
    def read(self, size: int, /) -> bytes: ...


class PictureRefused(Exception):
    """`message` is a sentence for the person who uploaded it."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(message)
        self.code: Refusal = code
        self.message = message


WhenClean = Callable[[bytes, str, str], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """`original` stands at its beginning and holds `original_bytes` bytes. `width` and `height` are the original's."""

    original: io.BytesIO
    original_bytes: int
    original_content_type: str
    extension: str
    working_copy: bytes
    width: int
    height: int


_READERS: dict[Format, Callable[[memoryview], Layout]] = {"JPEG": read_jpeg, "PNG": read_png, "WEBP": read_webp}
CONTENT_TYPES: dict[Format, tuple[str, str]] = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "WEBP": ("image/webp", "webp"),
}
_OTHERS = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML document"),
)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


def accept(upload: Upload, when_clean: WhenClean = lambda *_: None) -> Accepted:
    """Check an uploaded file and make its two pictures. At most one copy of its bytes is held in memory.

    `when_clean(original, content_type, extension)` is called when the original is ready before its pixels have been
    read: it can be put away meanwhile, and must be taken back should they turn out to be damaged.

    Errors: PictureRefused with INVALID_IMAGE (not a whole JPEG, PNG or WebP) or IMAGE_TOO_LARGE (bytes or pixels).
    """
    original = _read(upload)
    try:
        with original.getbuffer() as data:
            kind = _kind(bytes(data[:32]))
            layout = _READERS[kind](data)
            _check_size(kind, layout)
            length = compact(data, layout.pieces)
        original.truncate(length)
        if layout.faithful and layout.orientation == 1:
            when_clean(original.getvalue(), *CONTENT_TYPES[kind])
            return _kept(original, length, kind, layout)
        return _encoded_anew(original, kind, layout)
    except BrokenFile as error:
        raise PictureRefused("INVALID_IMAGE", f"{error} {ONLY}") from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise PictureRefused("INVALID_IMAGE", f"The picture is damaged and cannot be opened. {ONLY}") from error


def _read(upload: Upload) -> io.BytesIO:
    upload.seek(0)
    copy = io.BytesIO()
    while chunk := upload.read(_COPY_BYTES):
        if copy.tell() + len(chunk) > MAX_BYTES:
            raise PictureRefused("IMAGE_TOO_LARGE", "Image must be under 10 MB.")
        copy.write(chunk)
    return copy


def _kind(head: bytes) -> Format:
    if head[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if head[:8] == PNG_MAGIC:
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    raise PictureRefused("INVALID_IMAGE", f"{_what_it_is(head)} {ONLY}")


def content_type_of(head: bytes) -> str:
    """By the first 32 bytes of a file. Errors: PictureRefused for what we do not take."""
    return CONTENT_TYPES[_kind(head)][0]


def _what_it_is(head: bytes) -> str:
    if not head:
        return "The file is empty."
    if head[4:8] == b"ftyp":
        return "This is an HEIC picture." if head[8:12] in _HEIF_BRANDS else "This is not a picture."
    names = (name for magic, name in _OTHERS if head.lstrip().lower().startswith(magic.lower()))
    name = next(names, None)
    return f"This is {name}." if name else "This is not a picture."


def _check_size(kind: Format, layout: Layout) -> None:
    longest, shortest = max(layout.width, layout.height), min(layout.width, layout.height)
    if shortest < MIN_SIDE_PIXELS:
        raise PictureRefused("INVALID_IMAGE", f"Image must be at least {MIN_SIDE_PIXELS} pixels wide and high.")
    if longest > MAX_SIDE_PIXELS or layout.width * layout.height > MAX_PIXELS[kind]:
        most = f"{MAX_SIDE_PIXELS:,} pixels a side and {MAX_PIXELS[kind] // 1_000_000} megapixels"
        raise PictureRefused("IMAGE_TOO_LARGE", f"Image must be at most {most}.")


def _kept(original: io.BytesIO, length: int, kind: Format, layout: Layout) -> Accepted:
    """The original as it is, now that a working copy could be made of it."""
    with Image.open(original, formats=[kind]) as picture:
        _decode_smaller(picture, WORKING_SIDE_PIXELS)
        working = _jpeg(_rgb(_shrunk(picture, WORKING_SIDE_PIXELS)), WORKING_QUALITY)
    original.seek(0)
    content_type, extension = CONTENT_TYPES[kind]
    return Accepted(original, length, content_type, extension, working.getvalue(), layout.width, layout.height)


def _encoded_anew(stripped: io.BytesIO, kind: Format, layout: Layout) -> Accepted:
    """Both pictures from pixels: upright, sRGB, on white."""
    with Image.open(stripped, formats=[kind]) as picture:
        _decode_smaller(picture, UPRIGHT_SIDE_PIXELS)
        upright = _rgb(_shrunk(picture, UPRIGHT_SIDE_PIXELS))
    if layout.orientation in _UPRIGHT:
        upright = upright.transpose(_UPRIGHT[layout.orientation])
    width, height = upright.size
    original = _jpeg(upright, UPRIGHT_QUALITY)
    working = _jpeg(_shrunk(upright, WORKING_SIDE_PIXELS), WORKING_QUALITY)
    return Accepted(original, len(original.getbuffer()), "image/jpeg", "jpg", working.getvalue(), width, height)


def _decode_smaller(picture: Image.Image, side: int) -> None:
    """Have a JPEG decoded at the smallest of a half, a quarter and an eighth that leaves enough of `side`."""
    width, height = picture.size
    for scale in (8, 4, 2):
        if max(width, height) / scale >= ENOUGH * side:
            picture.draft(None, (width // scale, height // scale))
            return


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    """The picture in a mode that can be resized well, its longest side at most `side`. May change the one given."""
    picture.load()
    if picture.mode.startswith("I"):
        picture = picture.point(lambda value: value / 257).convert("L")  # 16 bits to 8
    elif picture.mode in ("P", "PA", "LA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode == "RGB" and side < max(picture.size) <= 2 * side:
        return _a_little_smaller(picture, side)
    picture.thumbnail((side, side), Image.Resampling.HAMMING, reducing_gap=2.0)
    return picture


def _a_little_smaller(picture: Image.Image, side: int) -> Image.Image:
    """As a photo is that was decoded at a fraction of its size. In a quarter of Pillow's time; down to a half,
    interpolation passes over no pixel.
    """
    import cv2  # noqa: PLC0415  (25 MB, for gateways that take photos)

    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    pixels = cv2.resize(np.asarray(picture), (width, height), interpolation=cv2.INTER_LINEAR)
    smaller = Image.fromarray(pixels)
    smaller.info = picture.info
    return smaller


def _rgb(picture: Image.Image) -> Image.Image:
    """The picture in sRGB, on white where it was transparent."""
    mask = picture.getchannel("A") if picture.mode == "RGBA" else None
    opaque = _srgb(picture.convert("RGB") if mask else picture)
    if mask is None:
        return opaque
    white = Image.new("RGB", opaque.size, "white")
    white.paste(opaque, mask=mask)
    return white


def _srgb(picture: Image.Image) -> Image.Image:
    """Colours converted from the embedded profile. One that is broken or for other channels is passed over."""
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted or picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError):
            pass
    return picture.convert("RGB")


def _jpeg(picture: Image.Image, quality: int) -> io.BytesIO:
    """Without metadata: what Pillow carries along from the file that was opened is cleared first."""
    picture.info.clear()
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    out.seek(0)
    return out
