"""The size of an image, and when it was taken, from its header: no pixel is ever decoded."""

import re
import struct
from collections.abc import Callable

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.source import Source

_MAX_SEGMENTS = 1000
"""Segments or chunks before the image data: usually about ten. Each is one small read."""

_EXIF_BYTES = 256 * 1024
"""Bytes of EXIF that are read: more than the 64 KiB of a segment of a JPEG."""

_MAX_ENTRIES = 1000
"""Entries of a directory that are read."""

_EXIF_DIRECTORY = 0x8769
"""The tag that points to the directory with the settings of the camera."""

_TIFF_NUMBERS = {3: "H", 4: "I"}
_DATE = re.compile(rb"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")

ImageHeader = tuple[int, int, str | None]
"""Width and height in pixels, and the time of the camera (ISO 8601 without a zone) or None."""


def read_header(source: Source, content_type: str) -> ImageHeader:
    """Return what the header of an image says; `content_type` is one of `READERS`.

    Raises BrokenError when the header is truncated or invalid.
    """
    try:
        width, height, taken = READERS[content_type](source)
    except (struct.error, IndexError) as error:
        raise BrokenError("truncated header") from error
    if width <= 0 or height <= 0:
        raise BrokenError(f"invalid size in the header: {width} x {height} pixels")
    return width, height, taken


def _png(source: Source) -> ImageHeader:
    head = source.at(0, 33)
    if head[12:16] != b"IHDR":
        raise BrokenError("the first chunk is not IHDR")
    width, height = struct.unpack_from(">II", head, 16)
    taken, offset = None, 8
    # An eXIf chunk may come before or after the image data; only the chunks before it are read.
    for _ in range(_MAX_SEGMENTS):
        header = source.at(offset, 8)
        if len(header) < 8 or header[4:] in (b"IDAT", b"IEND"):  # noqa: PLR2004 (a chunk's header)
            break
        length = int.from_bytes(header[:4], "big")
        if header[4:] == b"eXIf":
            taken = _exif(source.at(offset + 8, min(length, _EXIF_BYTES)))
            break
        offset += 12 + length
    return width, height, taken


def _gif(source: Source) -> ImageHeader:
    width, height = struct.unpack_from("<HH", source.at(6, 4))
    return width, height, None


def _bmp(source: Source) -> ImageHeader:
    head = source.at(0, 26)
    if int.from_bytes(head[14:18], "little") == 12:  # noqa: PLR2004 (the header of OS/2)
        width, height = struct.unpack_from("<HH", head, 18)
    else:
        width, height = struct.unpack_from("<ii", head, 18)
    return width, abs(height), None  # A negative height means top-down rows.


def _webp(source: Source) -> ImageHeader:
    head = source.at(0, 30)
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF, None
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, None
    if kind != b"VP8X" or len(head) < 30:  # noqa: PLR2004 (the length of the read)
        raise BrokenError("the first chunk is not an image")
    width = int.from_bytes(head[24:27], "little") + 1
    height = int.from_bytes(head[27:30], "little") + 1
    offset = 12
    for _ in range(_MAX_SEGMENTS):
        header = source.at(offset, 8)
        if len(header) < 8:  # noqa: PLR2004 (a chunk's header)
            break
        length = int.from_bytes(header[4:], "little")
        if header[:4] == b"EXIF":
            data = source.at(offset + 8, min(length, _EXIF_BYTES))
            return width, height, _exif(data.removeprefix(b"Exif\0\0"))
        offset += 8 + length + length % 2
    return width, height, None


def _jpeg(source: Source) -> ImageHeader:
    taken, offset = None, 2
    for _ in range(_MAX_SEGMENTS):
        header = source.at(offset, 9)
        if header[0] != 0xFF:  # noqa: PLR2004 (a marker)
            raise BrokenError(f"no marker at byte {offset}")
        marker = header[1]
        if marker == 0xFF:  # noqa: PLR2004 (padding)
            offset += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # noqa: PLR2004
            height, width = struct.unpack_from(">HH", header, 5)
            return width, height, taken
        if marker in (0xD9, 0xDA):
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # noqa: PLR2004 (markers without length)
            offset += 2
            continue
        length = int.from_bytes(header[2:4], "big")
        if marker == 0xE1 and taken is None:  # noqa: PLR2004 (APP1)
            data = source.at(offset + 4, max(length - 2, 0))
            if data.startswith(b"Exif\0\0"):
                taken = _exif(data[6:])
        offset += 2 + max(length, 2)
    raise BrokenError("no size of the image")


def _tiff(source: Source) -> ImageHeader:
    head = source.at(0, 8)
    order = "<" if head[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(f"{order}I", head, 4)
    (count,) = struct.unpack_from(f"{order}H", source.at(offset, 2))
    entries = source.at(offset + 2, 12 * min(count, _MAX_ENTRIES))
    found = {}
    for position in range(0, len(entries) - 11, 12):
        tag, kind = struct.unpack_from(f"{order}HH", entries, position)
        number = f"{order}{_TIFF_NUMBERS.get(kind, 'I')}"
        (found[tag],) = struct.unpack_from(number, entries, position + 8)
    if 256 not in found or 257 not in found:  # noqa: PLR2004 (width and height)
        raise BrokenError("no size of the image")
    return found[256], found[257], _exif(source.at(0, _EXIF_BYTES))


READERS: dict[str, Callable[[Source], ImageHeader]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/webp": _webp,
    "image/jpeg": _jpeg,
    "image/tiff": _tiff,
}
"""The content types whose header can be read."""


def _exif(data: bytes) -> str | None:
    """Return the time in EXIF `data`: when the image was taken, or else changed; None without."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return None
    try:
        (first,) = struct.unpack_from(f"{order}I", data, 4)
        main = _entries(data, first, order)
        camera = _entries(data, main[_EXIF_DIRECTORY], order) if _EXIF_DIRECTORY in main else {}
        for directory, tag in ((camera, 0x9003), (camera, 0x9004), (main, 0x0132)):
            match = _DATE.match(data, directory[tag]) if tag in directory else None
            if match:
                year, month, day, hour, minute, second = (part.decode() for part in match.groups())
                return f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    except struct.error:
        # Broken EXIF does not make the image broken.
        return None
    return None


def _entries(data: bytes, offset: int, order: str) -> dict[int, int]:
    """Return the values, or their offsets, of the directory at `offset`, by tag."""
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    found = {}
    for n in range(min(count, _MAX_ENTRIES)):
        tag, value = struct.unpack_from(f"{order}H6xI", data, offset + 2 + 12 * n)
        found[tag] = value
    return found
