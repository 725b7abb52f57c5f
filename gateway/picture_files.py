"""The containers of JPEG, PNG and WebP taken apart, so that a picture's own bytes are kept and everything else is not.

Nothing is decoded here. Each reader walks the file's parts, checks that they hang together to the end, and says which
ranges belong to the picture. What tells of the person or the camera (EXIF, GPS, XMP, comments, thumbnails, whatever
follows the end) is in none of them.

Sources: JPEG: ITU-T T.81 annex B and JFIF 1.02; PNG: W3C PNG third edition, chapters 5 and 11; WebP: RFC 9649.
"""

import re
import struct
import zlib
from dataclasses import dataclass, field

MAX_PARTS = 20_000  # segments or chunks: 10 MB in chunks of 512 bytes would still fit
MAX_SCANS = 32  # a progressive JPEG has about ten; every further one makes the decoder walk the whole picture again
SMALL_PROFILE_BYTES = 16 * 1024  # those of phones and cameras take 0.5 to 4 kB, those of printing presses 500 kB
MAX_PROFILE_BYTES = 1024 * 1024

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP"})
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"})
_WEBP_ANIMATED, _WEBP_EXIF_AND_XMP = 0x02, 0x0C
_WEBP_HEAD_BYTES = 10  # of a chunk's body: enough to know the size by

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # a frame's header: the size and the number of colours
_EOI, _SOS, _COM = 0xD9, 0xDA, 0xFE
_APP = range(0xE0, 0xF0)
_JFIF, _EXIF, _ICC, _ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
_MISPLACED = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})  # never between segments
_HEAD_BYTES = 14  # of a segment's body: all of Adobe's and of JFIF's but the thumbnail
_PRINTING_INKS = 4  # cyan, magenta, yellow, black
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed zero, a restart or a fill byte
_FILL = re.compile(rb"\xff*")
_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = range(1, 9)


class BrokenFile(Exception):
    """The file is not whole, or not what it begins as. The message says how, for a person."""


@dataclass(slots=True)
class Layout:
    """Where the picture lies in its file.

    `pieces` are its bytes in the file's order: ranges, or bytes that stand in for a part at least as long.
    `orientation` is EXIF's, 1 to 8. `faithful` is false when the pieces are good for decoding but not for keeping: an
    animation, printing inks, a profile so large that it could carry anything.
    """

    width: int = 0
    height: int = 0
    pieces: list[tuple[int, int] | bytes] = field(default_factory=list)
    orientation: int = 1
    faithful: bool = True


def compact(data: memoryview, pieces: list[tuple[int, int] | bytes]) -> int:
    """Move the pieces to the front of `data`, where they lie, and say how many bytes they take up."""
    length = 0
    for piece in pieces:
        kept = piece if isinstance(piece, bytes) else data[piece[0] : piece[1]]
        data[length : length + len(kept)] = kept
        length += len(kept)
    return length


def read_orientation(exif: bytes) -> int:
    """The orientation that a TIFF header gives, 1 where there is none or it makes no sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (position,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, position)
        for index in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, position + 2 + 12 * index)
            if tag == _ORIENTATION_TAG:
                return value if value in _ORIENTATIONS else 1
    except struct.error:
        pass  # a header that points outside itself gives no orientation
    return 1


class _Jpeg:
    """A walk over a JPEG's segments."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.layout = Layout(pieces=[(0, 2)])
        self.scans = 0
        self.profile_bytes = 0

    def read(self) -> Layout:
        position = 2
        for _ in range(MAX_PARTS):
            marker, start, end = self.segment(position)
            if marker == _EOI:
                self.layout.pieces.append((start, end))
                break
            if marker == _SOS:  # its header, and coded data up to the next marker
                end = self.end_of_scan(end)
            self.keep(marker, start, end)
            position = end
        if not self.scans or not self.layout.width:
            raise BrokenFile("The file holds no picture.")
        if self.scans > MAX_SCANS or self.profile_bytes > MAX_PROFILE_BYTES:
            raise BrokenFile("The picture is stored in an unusual way. Please save it again as an ordinary JPG.")
        if self.profile_bytes > SMALL_PROFILE_BYTES:
            self.layout.faithful = False
        return self.layout

    def segment(self, position: int) -> tuple[int, int, int]:
        """The next marker, where it starts, and where its segment ends."""
        data = self.data
        filled = _FILL.match(data, position)  # fill bytes may stand before any marker
        position = max(position, filled.end() - 1) if filled else position
        head = bytes(data[position : position + 4])
        if head[:1] not in (b"\xff", b""):
            raise BrokenFile("The picture is damaged.")
        if head[1:2] == bytes([_EOI]):
            return _EOI, position, position + 2
        end = position + 2 + int.from_bytes(head[2:])
        if len(head) < 4 or end > len(data):  # noqa: PLR2004 - a marker and a length
            raise BrokenFile("The picture is cut off before its end.")
        if end < position + 4 or head[1] in _MISPLACED:
            raise BrokenFile("The picture is damaged.")
        return head[1], position, end

    def end_of_scan(self, position: int) -> int:
        self.scans += 1
        found = _MARKER.search(self.data, position)
        if found is None:
            raise BrokenFile("The picture is cut off before its end.")
        return found.start()

    def keep(self, marker: int, start: int, end: int) -> None:
        """Keep what decodes the picture, of the application segments only those that say how its colours are meant."""
        body = bytes(self.data[start + 4 : min(end, start + 4 + _HEAD_BYTES)])
        if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) == _HEAD_BYTES:
            self.layout.pieces.append(b"\xff\xe0\x00\x10" + body[:12] + b"\0\0")  # without its thumbnail
        elif marker == _ADOBE and body.startswith(b"Adobe") and body[11:]:
            self.layout.pieces.append(b"\xff\xee\x00\x0e" + body[:12])
        elif marker == _ICC and body.startswith(b"ICC_PROFILE\0"):
            self.profile_bytes += end - start
            self.layout.pieces.append((start, end))
        elif marker == _EXIF and body.startswith(b"Exif\0\0"):
            self.layout.orientation = read_orientation(bytes(self.data[start + 10 : end]))
        elif marker not in _APP and marker != _COM:
            self.layout.pieces.append((start, end))
        if marker in _SOF:
            self.layout.height, self.layout.width, components = struct.unpack_from(">HHB", body, 1)
            self.layout.faithful &= components != _PRINTING_INKS  # which browsers show each in its own way


def read_jpeg(data: memoryview) -> Layout:
    """Errors: BrokenFile, or struct.error where a header is too short."""
    return _Jpeg(data).read()


def read_png(data: memoryview) -> Layout:
    """The still picture of a PNG, every chunk's checksum verified; an animation's frames are dropped.

    Errors: BrokenFile, or struct.error where a header is too short.
    """
    layout = Layout(pieces=[(0, 8)])
    position, kind = 8, b""
    for _ in range(MAX_PARTS):
        length = int.from_bytes(data[position : position + 4])
        kind = bytes(data[position + 4 : position + 8])
        end = position + 12 + length
        if end > len(data):
            raise BrokenFile("The picture is cut off before its end.")
        body = data[position + 8 : end - 4]
        if kind in _PNG_KEPT:
            if zlib.crc32(data[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
                raise BrokenFile("The picture is damaged.")
            layout.pieces.append((position, end))
        if (kind == b"IHDR") != (position == len(PNG_MAGIC)):  # the header comes first, and once
            raise BrokenFile("The picture is damaged.")
        if kind == b"IHDR":
            layout.width, layout.height = struct.unpack_from(">II", body)
        elif kind == b"eXIf":
            layout.orientation = read_orientation(bytes(body))
        elif kind == b"iCCP" and length > SMALL_PROFILE_BYTES:
            layout.faithful = False
        if kind == b"IEND":
            break
        position = end
    if kind != b"IEND" or not layout.width:
        raise BrokenFile("The file holds no picture.")
    return layout


def read_webp(data: memoryview) -> Layout:
    """Errors: BrokenFile."""
    layout = Layout(pieces=[b""])
    end_of_file = 8 + int.from_bytes(data[4:8], "little")
    if end_of_file > len(data):
        raise BrokenFile("The picture is cut off before its end.")
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > end_of_file:
            break
        kind = bytes(data[position : position + 4])
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + size + size % 2
        if position + 8 + size > end_of_file:
            raise BrokenFile("The picture is cut off before its end.")
        _keep_webp(layout, data, kind, position, min(end, end_of_file))
        position = end
    length = sum(len(piece) if isinstance(piece, bytes) else piece[1] - piece[0] for piece in layout.pieces)
    layout.pieces[0] = b"RIFF" + (length + 4).to_bytes(4, "little") + b"WEBP"
    if not layout.width:
        raise BrokenFile("The file holds no picture.")
    return layout


def _keep_webp(layout: Layout, data: memoryview, kind: bytes, start: int, end: int) -> None:
    body = bytes(data[start + 8 : min(end, start + 8 + _WEBP_HEAD_BYTES)])
    if kind == b"VP8X" and len(body) == _WEBP_HEAD_BYTES:
        flags = body[0] & ~_WEBP_EXIF_AND_XMP
        layout.pieces.append(bytes(data[start : start + 8]) + bytes([flags]) + body[1:])
        layout.faithful &= not flags & _WEBP_ANIMATED
    elif kind in _WEBP_KEPT:
        layout.pieces.append((start, end))
    elif kind == b"EXIF":
        exif = bytes(data[start + 8 : end])
        layout.orientation = read_orientation(exif.removeprefix(b"Exif\0\0"))
    if kind == b"ICCP" and end - start > SMALL_PROFILE_BYTES:
        layout.faithful = False
    width, height = _webp_size(kind, body)
    layout.width, layout.height = max(layout.width, width), max(layout.height, height)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    """The size that a chunk gives for itself or for the whole canvas, 0 where it gives none."""
    if len(body) < _WEBP_HEAD_BYTES:
        return 0, 0
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and body[:1] == b"\x2f":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
