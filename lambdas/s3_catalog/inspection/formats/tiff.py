"""Directories of a TIFF: of an image, of a camera's raw file, or of EXIF within another format.

The sources are TIFF 6.0, its supplement of 1995 (SubIFD), BigTIFF, and EXIF 2.3.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.source import Source

_MAX_ENTRIES = 1000
"""Entries of a directory that are read."""

_MAX_DIRECTORIES = 32
"""Directories that are read: raw files have up to ten."""

_WIDTH, _HEIGHT, _DATE_TIME = 0x0100, 0x0101, 0x0132
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _SUB_DIRECTORIES = 0x00FE, 0x00FF, 0x014A
_EXIF_DIRECTORY = 0x8769
"""The tag that points to the directory with the settings of the camera."""

_REDUCED = 2
"""The value of the old tag, SubfileType, for a smaller copy."""

_TAKEN, _DIGITIZED = 0x9003, 0x9004
_CAMERA_WIDTH, _CAMERA_HEIGHT = 0xA002, 0xA003
"""Pixels of the image that the camera took, in its settings."""

_CANON_RAW = b"CR"
"""Of a CR2, behind the offset of the first directory. Its raw directory has no size."""

_BIG = 43

# Types of TIFF that are whole numbers: byte, short, long, directory, and the long ones of BigTIFF.
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

_DATE = re.compile(rb"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")

ImageHeader = tuple[int, int, str | None]
"""Width and height in pixels, and the time of the camera (ISO 8601 without a zone) or None."""


def read_header(source: Source) -> ImageHeader:
    """Return size and time of a TIFF, or of the full image of a raw file.

    Raises BrokenError or struct.error when the directories are truncated or invalid.
    """
    tiff = _Tiff(source, 0, source.size)
    images = list(tiff.images())
    sized = [each for each in images if _WIDTH in each and _HEIGHT in each]
    if not sized:
        raise BrokenError("no size of the image")
    full = [each for each in sized if not tiff.is_reduced(each)] or sized
    sizes = [(tiff.number(each[_WIDTH]), tiff.number(each[_HEIGHT])) for each in full]
    camera = tiff.camera(images[0]) if source.at(8, 2) == _CANON_RAW else {}
    if _CAMERA_WIDTH in camera and _CAMERA_HEIGHT in camera:
        # The first image is a preview, in older cameras a smaller one.
        sizes.append((tiff.number(camera[_CAMERA_WIDTH]), tiff.number(camera[_CAMERA_HEIGHT])))
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return width, height, tiff.taken(images)


def exif_time(source: Source, start: int, length: int) -> str | None:
    """Return the time in the EXIF of `length` bytes from `start`: when the image was taken.

    That is the first valid one of the times when it was taken, digitized and changed. None if there
    is none; broken EXIF does not make an image broken.
    """
    tiff = _Tiff(source, start, length)
    try:
        return tiff.taken([tiff.first()])
    except (BrokenError, struct.error):
        return None


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    value: bytes
    """The values, if they fit, or else their offset: 4 bytes, or 8 in a BigTIFF."""


_Directory = dict[int, _Entry]


class _Tiff:
    """The TIFF in `length` bytes of a source from `start`; offsets are relative to `start`."""

    def __init__(self, source: Source, start: int, length: int) -> None:
        self._source, self._start, self._length = source, start, length
        head = self._at(0, 16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        self._order = order or "<"
        self._valid = order is not None
        self._big = self._valid and struct.unpack_from(f"{order}H", head + bytes(4), 2) == (_BIG,)
        self._head = head
        self._seen: set[int] = set()

    def first(self) -> _Directory:
        """Return the first directory."""
        return self._read_first()[0]

    def images(self) -> Iterator[_Directory]:
        """Yield the directories among which the full image is, the first one first.

        These are the first with its subdirectories; if it is a thumbnail, all others, too. Else the
        others are pages, or smaller copies.
        """
        first, following = self._read_first()
        yield first
        yield from self._below(first)
        if not self.is_reduced(first) and _WIDTH in first:
            return
        while following and self._may_read(following):
            try:
                directory, following = self._read(following)
            except struct.error:
                return
            yield directory
            yield from self._below(directory)

    def is_reduced(self, directory: _Directory) -> bool:
        """Return whether a directory is of a thumbnail, a preview, or another smaller copy."""
        if _NEW_SUBFILE_TYPE in directory:
            return self.number(directory[_NEW_SUBFILE_TYPE]) & 1 == 1
        old = directory.get(_SUBFILE_TYPE)
        return old is not None and self.number(old) == _REDUCED

    def camera(self, directory: _Directory) -> _Directory:
        """Return the camera's settings of an image: empty if there are none, or broken ones."""
        if _EXIF_DIRECTORY not in directory:
            return {}
        try:
            return self._read(self._offset(directory[_EXIF_DIRECTORY]))[0]
        except struct.error:
            return {}

    def taken(self, directories: list[_Directory]) -> str | None:
        """Return the first valid time: of the camera's settings, or else of the file."""
        for directory in directories:
            camera = self.camera(directory)
            for owner, tag in ((camera, _TAKEN), (camera, _DIGITIZED), (directory, _DATE_TIME)):
                time = self._time(owner[tag]) if tag in owner else None
                if time:
                    return time
        return None

    def number(self, entry: _Entry) -> int:
        """Return the first value of an entry, a whole number."""
        (value,) = struct.unpack_from(f"{self._order}{_NUMBERS.get(entry.kind, 'I')}", entry.value)
        return int(value)

    def _time(self, entry: _Entry) -> str | None:
        match = _DATE.match(self._at(self._offset(entry), 19))
        if not match:
            return None
        year, month, day, hour, minute, second = map(int, match.groups())
        try:
            time = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (a camera's)
        except ValueError:
            return None
        return time.isoformat()

    def _below(self, directory: _Directory) -> Iterator[_Directory]:
        entry = directory.get(_SUB_DIRECTORIES)
        if entry is None:
            return
        word = _NUMBERS.get(entry.kind, "I")
        wanted = min(entry.count, _MAX_DIRECTORIES) * struct.calcsize(f"<{word}")
        fits = wanted <= len(entry.value)
        offsets = entry.value[:wanted] if fits else self._at(self._offset(entry), wanted)
        for (offset,) in struct.iter_unpack(f"{self._order}{word}", offsets):
            if self._may_read(offset):
                try:
                    below, _ = self._read(offset)
                except struct.error:
                    continue
                yield below

    def _may_read(self, offset: int) -> bool:
        """Return whether a directory is a new one, and not one too many."""
        if offset in self._seen or len(self._seen) >= _MAX_DIRECTORIES:
            return False
        self._seen.add(offset)
        return True

    def _read_first(self) -> tuple[_Directory, int]:
        if not self._valid:
            raise BrokenError("no byte order of the image")
        if self._big and self._head[4:8] not in (b"\x08\0\0\0", b"\0\x08\0\0"):
            raise BrokenError("the offsets do not have 8 bytes")
        word, at = ("Q", 8) if self._big else ("I", 4)
        (offset,) = struct.unpack_from(f"{self._order}{word}", self._head, at)
        self._seen.add(offset)
        return self._read(offset)

    def _read(self, offset: int) -> tuple[_Directory, int]:
        """Return the entries of the directory at `offset` by tag, and the offset of the next."""
        count_type, word = ("Q", "Q") if self._big else ("H", "I")
        before, width = struct.calcsize(f"<{count_type}"), struct.calcsize(f"<{word}")
        size = 4 + 2 * width
        (count,) = struct.unpack(f"{self._order}{count_type}", self._at(offset, before))
        read = min(count, _MAX_ENTRIES)
        data = self._at(offset + before, size * read + width)
        layout = struct.Struct(f"{self._order}HH{word}{width}s")
        found = {}
        for position in range(0, min(len(data), size * read) - size + 1, size):
            tag, kind, values, value = layout.unpack_from(data, position)
            found[tag] = _Entry(kind, values, value)
        rest = data[size * read :]
        complete = read == count and len(rest) == width
        return found, int.from_bytes(rest, self._byte_order) if complete else 0

    @property
    def _byte_order(self) -> Literal["little", "big"]:
        return "little" if self._order == "<" else "big"

    def _offset(self, entry: _Entry) -> int:
        return int.from_bytes(entry.value, self._byte_order)

    def _at(self, offset: int, length: int) -> bytes:
        """Return bytes of the TIFF; none behind its end."""
        length = min(length, self._length - offset)
        return self._source.at(self._start + offset, length) if length > 0 else b""
