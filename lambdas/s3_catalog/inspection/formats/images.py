"""The size of an image, and when it was taken, from its header: no pixel is ever decoded."""

import struct
from collections.abc import Callable

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.formats import jpeg, tiff
from s3_catalog.inspection.formats.tiff import ImageHeader, exif_time
from s3_catalog.inspection.source import Source, tail

_MAX_SEGMENTS = 1000
"""Chunks that are read: usually about ten. Each is one small read."""

_TAIL_BYTES = 2**16
"""Bytes behind the image data of a PNG that are searched for EXIF."""


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
    offset = 8
    head = source.at(offset, 33)
    if head[4:8] == b"CgBI":
        # Apple's variant for iOS has a chunk of its own before the first.
        offset += 12 + int.from_bytes(head[:4], "big")
        head = source.at(offset, 33)
    if head[4:8] != b"IHDR":
        raise BrokenError("the first chunk is not IHDR")
    width, height = struct.unpack_from(">II", head, 8)
    for _ in range(_MAX_SEGMENTS):
        header = source.at(offset, 8)
        length = int.from_bytes(header[:4], "big")
        if len(header) < 8:  # noqa: PLR2004 (a chunk's header)
            break
        if header[4:] == b"IDAT":
            return width, height, _behind_image_data(source)
        if header[4:] == b"eXIf":
            return width, height, _exif_chunk(source, offset + 8, length)
        offset += 12 + length
    return width, height, None


def _behind_image_data(source: Source) -> str | None:
    """Return the time in an eXIf chunk that is among the last bytes of a PNG."""
    ending = tail(source, _TAIL_BYTES)
    at = ending.rfind(b"eXIf") - 4
    if at < 0:
        return None
    # The chunks from there to the last one show that it is a chunk, and not pixels.
    position = at
    for _ in range(_MAX_SEGMENTS):
        header = ending[position : position + 8]
        if header[4:] == b"IEND":
            start = source.size - len(ending) + at + 8
            return _exif_chunk(source, start, int.from_bytes(ending[at : at + 4], "big"))
        if not header:
            break
        position += 12 + int.from_bytes(header[:4], "big")
    return None


def _exif_chunk(source: Source, start: int, length: int) -> str | None:
    """Return the time in a chunk of EXIF; some programs put the prefix of JPEG before it."""
    prefix = 6 if source.at(start, 6) == b"Exif\0\0" else 0
    return exif_time(source, start + prefix, length - prefix)


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
            return width, height, _exif_chunk(source, offset + 8, length)
        offset += 8 + length + length % 2
    return width, height, None


READERS: dict[str, Callable[[Source], ImageHeader]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/webp": _webp,
    "image/jpeg": jpeg.read_header,
    "image/tiff": tiff.read_header,
}
"""The content types whose header can be read."""
