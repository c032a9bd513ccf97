"""Check of a zip archive by its central directory: nothing is unpacked."""

import struct

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.source import Source, tail

_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT = 65_535
_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 46
_MAX_DIRECTORY = 8 * 2**20
_ZIP64 = 0xFFFFFFFF

_MAX_RATIO = 1000
"""Unpacked bytes for each byte of the archive. Deflate cannot compress better than 1,032 to 1: a
higher ratio means overlapping entries, or false sizes."""


def check_directory(source: Source) -> None:
    """Raise BrokenError if the archive is truncated, invalid, or a zip bomb."""
    ending = tail(source, _END_BYTES + _MAX_COMMENT)
    at = ending.rfind(_END)
    if at < 0 or len(ending) - at < _END_BYTES:
        raise BrokenError("truncated: no central directory")
    size, offset = struct.unpack_from("<II", ending, at + 12)
    if _ZIP64 in (size, offset):
        return  # Zip64 (above 4 GiB, or 65,535 entries): its directory is not read.
    if offset + size > source.size:
        raise BrokenError("the central directory is longer than the file")
    directory = source.at(offset, min(size, _MAX_DIRECTORY))
    position = unpacked = 0
    while len(directory) - position >= _ENTRY_BYTES:
        if not directory.startswith(_ENTRY, position):
            raise BrokenError("invalid central directory")
        (plain,) = struct.unpack_from("<I", directory, position + 24)
        unpacked += plain
        position += _ENTRY_BYTES + sum(struct.unpack_from("<HHH", directory, position + 28))
    if unpacked > _MAX_RATIO * source.size:
        raise BrokenError(f"a zip bomb: {source.size:,} bytes would unpack to {unpacked:,}")
