"""Whether a zip archive is whole, and harmless, from its directory: nothing is unpacked."""

import struct

from s3_catalog.errors import BrokenError
from s3_catalog.inspection.source import Source, tail

_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT = 65_535
_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 46
_MAX_DIRECTORY = 8 * 2**20
_ZIP64 = 0xFFFFFFFF

MAX_RATIO = 1000
"""Deflate cannot pack better than 1,032 to 1: what claims to is nested in itself, or a lie."""


def check(source: Source) -> None:
    """Raise BrokenError if the archive is cut off, or would unpack to a monstrous size."""
    ending = tail(source, _END_BYTES + _MAX_COMMENT)
    at = ending.rfind(_END)
    if at < 0 or len(ending) - at < _END_BYTES:
        raise BrokenError("it has no directory: it is cut off")
    size, offset = struct.unpack_from("<II", ending, at + 12)
    if _ZIP64 in (size, offset):
        return  # More than 4 GiB, or 65,535 entries: its directory is too large to be read here.
    if offset + size > source.size:
        raise BrokenError("its directory is longer than the file")
    directory = source.at(offset, min(size, _MAX_DIRECTORY))
    position = unpacked = 0
    while len(directory) - position >= _ENTRY_BYTES:
        if not directory.startswith(_ENTRY, position):
            raise BrokenError("its directory makes no sense")
        (plain,) = struct.unpack_from("<I", directory, position + 24)
        unpacked += plain
        position += _ENTRY_BYTES + sum(struct.unpack_from("<HHH", directory, position + 28))
    if unpacked > MAX_RATIO * source.size:
        raise BrokenError(f"a zip bomb: {source.size:,} bytes would unpack to {unpacked:,}")
