"""Type and check of a zip archive by its directory; of its files, at most one list is unpacked."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.source import Source, tail

_END = b"PK\x05\x06"
_END_BYTES = 22
_LONG_END, _LONG_END_BYTES = b"PK\x06\x06", 56
_LOCATOR, _LOCATOR_BYTES = b"PK\x06\x07", 20
_MAX_COMMENT = 65_535
_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 46
_LOCAL_BYTES = 30
_MAX_DIRECTORY = 8 * 2**20
_ZIP64 = 0xFFFFFFFF

_MAX_RATIO = 1000
"""Unpacked bytes for each byte of the archive: an archive of more must show that it is honest."""

_STORED, _DEFLATED = 0, 8
_MAX_RATIOS = {_STORED: 1, _DEFLATED: 1032}
"""The highest ratio of a method: deflate has at most 258 bytes in two bits. Others have none."""

_MAX_LIST = 2**16
"""Bytes of the list of content types that are unpacked: usually a thousand or two."""

ZIP = "application/zip"
_JAR, _APK = "application/java-archive", "application/vnd.android.package-archive"

_CONTENT_TYPES = b"[Content_Types].xml"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MAIN_PARTS = {
    b"word/document.xml": f"{_OFFICE}.wordprocessingml.document",
    b"xl/workbook.xml": f"{_OFFICE}.spreadsheetml.sheet",
    b"ppt/presentation.xml": f"{_OFFICE}.presentationml.presentation",
}
_content_type = re.compile(r"""ContentType\s*+=\s*+["'](application/vnd\.[\w.+-]{1,150})["']""")
_media_type = re.compile(rb"application/[\w.+-]{1,100}")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    method: int
    packed: int
    unpacked: int
    offset: int


def type_by_first_entry(head: bytes) -> str:
    """Return the type of an archive by its first bytes `head`.

    OpenDocument and EPUB begin with their media type. Documents of Office usually begin with the
    list of the types of their parts.
    """
    name = _first_name(head)
    if name == b"mimetype":
        match = _media_type.match(_unpacked(head))
        return match.group().decode().lower() if match else ZIP
    if name in (b"META-INF/", b"META-INF/MANIFEST.MF"):
        return _JAR
    if name == _CONTENT_TYPES:
        return _office_type(head) or ZIP
    return _MAIN_PARTS.get(name, ZIP)


def check_directory(source: Source) -> str | None:
    """Return the type of an archive by its directory, or None if that says no more than zip.

    Raises BrokenError if the archive is truncated, invalid, or a zip bomb.
    """
    size, offset = _directory(source)
    if offset + size > source.size:
        raise BrokenError("the central directory is longer than the file")
    packed = unpacked = 0
    honest, found = True, None
    for entry in _entries(source.at(offset, min(size, _MAX_DIRECTORY))):
        packed += entry.packed
        unpacked += entry.unpacked
        most = _MAX_RATIOS.get(entry.method)
        honest = honest and (most is None or entry.unpacked <= most * entry.packed)
        if entry.name == _CONTENT_TYPES:
            found = _office_type(source.at(entry.offset, _MAX_LIST)) or found
        elif entry.name == b"AndroidManifest.xml" and found in (None, _JAR):
            found = _APK
        elif entry.name == b"META-INF/MANIFEST.MF" and found is None:
            found = _JAR
    # Overlapping entries have more bytes than the archive.
    if unpacked > _MAX_RATIO * source.size and not (honest and packed <= source.size):
        raise BrokenError(f"a zip bomb: {source.size:,} bytes would unpack to {unpacked:,}")
    return found


def _directory(source: Source) -> tuple[int, int]:
    """Return size and offset of the central directory. Raises BrokenError if there is none."""
    ending = tail(source, _LOCATOR_BYTES + _END_BYTES + _MAX_COMMENT)
    at = ending.rfind(_END)
    if at < 0 or len(ending) - at < _END_BYTES:
        raise BrokenError("truncated: no central directory")
    size, offset = struct.unpack_from("<II", ending, at + 12)
    if _ZIP64 not in (size, offset):
        return size, offset
    locator = ending[max(at - _LOCATOR_BYTES, 0) : at]
    if locator.startswith(_LOCATOR) and len(locator) == _LOCATOR_BYTES:
        (at,) = struct.unpack_from("<Q", locator, 8)
        end = source.at(at, _LONG_END_BYTES)
        if end.startswith(_LONG_END) and len(end) == _LONG_END_BYTES:
            size, offset = struct.unpack_from("<QQ", end, 40)
            return size, offset
    raise BrokenError("truncated: no central directory of Zip64")


def _entries(directory: bytes) -> Iterator[_Entry]:
    position = 0
    while len(directory) - position >= _ENTRY_BYTES:
        if not directory.startswith(_ENTRY, position):
            raise BrokenError("invalid central directory")
        (method,) = struct.unpack_from("<H", directory, position + 10)
        packed, unpacked, *lengths = struct.unpack_from("<IIHHH", directory, position + 20)
        (offset,) = struct.unpack_from("<I", directory, position + 42)
        start = position + _ENTRY_BYTES
        extra = start + lengths[0]
        name = directory[start : min(extra, start + 100)]
        if _ZIP64 in (packed, unpacked, offset):
            field = directory[extra : extra + lengths[1]]
            unpacked, packed, offset = _long(field, unpacked, packed, offset)
        yield _Entry(name, method, packed, unpacked, offset)
        position = start + sum(lengths)


def _long(extra: bytes, *numbers: int) -> Iterator[int]:
    """Yield `numbers`, those of the Zip64 field among the `extra` ones where they are in it."""
    longer: Iterator[tuple[int]] = iter(())
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            field = extra[position + 4 :][:length]
            longer = struct.iter_unpack("<Q", field[: len(field) // 8 * 8])
            break
        position += 4 + length
    for number in numbers:
        yield next(longer, (number,))[0] if number == _ZIP64 else number


def _first_name(local: bytes) -> bytes:
    length = int.from_bytes(local[26:28], "little")
    return local[_LOCAL_BYTES : _LOCAL_BYTES + length]


def _unpacked(local: bytes) -> bytes:
    """Return the beginning of the file whose local header `local` begins with; b"" if it cannot."""
    if len(local) < _LOCAL_BYTES or not local.startswith(b"PK\x03\x04"):
        return b""
    flags, method = struct.unpack_from("<HH", local, 6)
    packed, _, *lengths = struct.unpack_from("<IIHH", local, 18)
    data = local[_LOCAL_BYTES + sum(lengths) :]
    if flags & 1:
        return b""  # encrypted
    if method == _STORED:
        return data[:packed] if packed else data
    if method != _DEFLATED:
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MAX_LIST)
    except zlib.error:
        return b""


def _office_type(local: bytes) -> str | None:
    """Return the type of a document of Office by its list of content types: that of the main part.

    The media type is what the main part's has before ".main" (ECMA-376, part 1, chapters 11 to 13;
    IANA, for those with macros), in lower case, as all types: `reinventure find` compares so.
    """
    if _first_name(local) != _CONTENT_TYPES:
        return None
    for kind in _content_type.findall(_unpacked(local).decode("utf-8", "replace")):
        document = kind.removesuffix("+xml").lower()
        if document.endswith(".main"):
            before, macros, _ = document.removesuffix(".main").partition(".macroenabled")
            return f"{before}.macroenabled.12" if macros else before
    return None
