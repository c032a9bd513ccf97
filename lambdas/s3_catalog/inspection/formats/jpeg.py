"""The size of a JPEG, and the time in its EXIF, from the segments before the image data.

The source is ITU-T T.81, annex B.
"""

import re
import struct

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.formats.tiff import ImageHeader, exif_time
from s3_catalog.inspection.source import Source

_MAX_SEGMENTS = 1000
"""Segments before the image data: usually about ten. Each is one small read."""

_MAX_SEARCH = 2**20
"""Bytes that are searched for the size where the segments are damaged."""

_FRAME_BYTES = 10
"""Bytes of the header of a frame: marker, length, precision, height, width, components."""

_EOI, _SOS, _APP1, _FILL = 0xD9, 0xDA, 0xE1, 0xFF
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD9)}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}

# A frame has 1 to 4 components, of three bytes each.
_frame_or_start = re.compile(
    rb"\xff(?:(\xd8)\xff|[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\x00"
    rb"(?=[\x0b\x0e\x11\x14][\x02-\x10]....[\x01-\x04]))",
    re.DOTALL,
)


def read_header(source: Source) -> ImageHeader:
    """Return size and time of a JPEG. Raises BrokenError when it has no size."""
    taken, offset = None, 2
    for _ in range(_MAX_SEGMENTS):
        header = source.at(offset, _FRAME_BYTES)
        if len(header) < 4 or header[0] != _FILL or header[1] in {0, _EOI, _SOS}:  # noqa: PLR2004 (marker and length)
            break
        marker, length = header[1], int.from_bytes(header[2:4], "big")
        if marker == _FILL:
            offset += 1
            continue
        if marker in _WITHOUT_LENGTH:
            offset += 2
            continue
        if marker in _FRAMES and (size := _size(header)):
            return *size, taken
        if marker in _FRAMES or length < 2:  # noqa: PLR2004 (the length counts itself)
            break
        if marker == _APP1 and taken is None and source.at(offset + 4, 6) == b"Exif\0\0":
            taken = exif_time(source, offset + 10, length - 8)
        offset += 2 + length
    # Stray bytes, or a wrong length. Only the size is taken from behind them.
    found = _search(source, 2) or _search(source, offset)
    if found is None:
        raise BrokenError("no size of the image")
    return *found, taken


def _size(header: bytes) -> tuple[int, int] | None:
    """Return width and height in the header of a frame, or None if it is none."""
    if len(header) < _FRAME_BYTES:
        return None
    length, _, height, width, components = struct.unpack_from(">HBHHB", header, 2)
    return (width, height) if length == 8 + 3 * components else None


def _search(source: Source, start: int) -> tuple[int, int] | None:
    """Return width and height of the first frame from `start` that is not of a thumbnail.

    A thumbnail in EXIF is a JPEG by itself, from its marker of the start to that of the end.
    """
    data = source.at(start, _MAX_SEARCH) if start < source.size else b""
    position, ends = 0, True
    while match := _frame_or_start.search(data, position):
        position = match.end()
        if match.group(1) is None:
            if size := _size(data[match.start() : match.start() + _FRAME_BYTES]):
                return size
        elif ends:
            end = data.find(bytes((_FILL, _EOI)), position)
            position, ends = (end + 2, True) if end >= 0 else (position, False)
    return None
