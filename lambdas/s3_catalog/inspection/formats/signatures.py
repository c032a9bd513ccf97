"""The type of content by its signature: the first bytes that its format defines."""

import re
from collections.abc import Callable

from s3_catalog.inspection.formats import parquet, zip_archive
from s3_catalog.inspection.formats.text import is_text
from s3_catalog.inspection.source import Source, tail

HEAD_BYTES = 4096
"""Bytes of the beginning that detection needs."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    # BigTIFF: its offsets have eight bytes.
    (b"II+\x00\x08\x00\x00\x00", "image/tiff"),
    (b"MM\x00+\x00\x08\x00\x00", "image/tiff"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"Obj\x01", "application/vnd.apache.avro"),
    (b"ARROW1\x00\x00", "application/vnd.apache.arrow.file"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x04\x22\x4d\x18", "application/x-lz4"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x7fELF", "application/x-elf"),
    (b"\x00asm\x01\x00\x00\x00", "application/wasm"),
    (b"fLaC\x00\x00\x00\x22", "audio/flac"),
    (b"fLaC\x80\x00\x00\x22", "audio/flac"),
    (b"OggS\x00", "application/ogg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
"""Bytes and type. Three bytes at least, one of which no text has."""

_PATTERNS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"%PDF-[0-9]"), "application/pdf"),
    (re.compile(rb"%!PS-Adobe-[0-9]"), "application/postscript"),
    (re.compile(rb"\{\\rtf[0-9\\]"), "application/rtf"),
    # A block begins with digits of pi, and an empty file ends with those of its root.
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "application/x-bzip2"),
    (re.compile(rb".{257}ustar(?:\x00|  \x00)", re.DOTALL), "application/x-tar"),
    # Ten bytes of sizes, and two reserved ones.
    (re.compile(rb"wOFF.{10}\x00\x00", re.DOTALL), "font/woff"),
    (re.compile(rb"wOF2.{10}\x00\x00", re.DOTALL), "font/woff2"),
    # Version, revision, flags, and four bytes of size of which each has seven bits.
    (re.compile(rb"ID3[\x02-\x04][^\xff][\x00-\xff][\x00-\x7f]{4}", re.DOTALL), "audio/mpeg"),
)

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

_MAX_FILE_TYPE = 2**16
"""Bytes of the first box of an ISO media file: a few brands of four bytes each."""

_BRANDS = {
    "image/avif": b"avif avis",
    "image/heic": b"heic heix heim heis",
    "image/heic-sequence": b"hevc hevx hevm hevs",
    "image/heif": b"mif1 mif2 miaf",
    "image/heif-sequence": b"msf1",
    "image/x-canon-cr3": b"crx ",
    "audio/mp4": b"M4A M4B M4P F4A F4B ",
    "video/quicktime": b"qt  ",
    "video/3gpp": b"3gp4 3gp5 3gp6 3gp7 3gp8 3gp9 3gr6 3gs6 3gs7 3ge6 3ge7 3gg6 3gh9",
    "video/3gpp2": b"3g2a 3g2b 3g2c",
    "video/mp4": (
        b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 mp71 avc1 dash M4V M4VH M4VP "
        b"F4V F4P mmp4 MSNV"
    ),
}
_TYPE_OF_BRAND = {
    brand.ljust(4): kind for kind, brands in _BRANDS.items() for brand in brands.split()
}
"""Media types of the brands (mp4ra.org; HEIF: ISO 23008-12; AVIF: its specification)."""

_STILL_OR_SOUND = ("image/avif", "image/heic", "image/x-canon-cr3", "audio/mp4")
"""What a compatible brand makes of the general ones, isom and mp42."""

_BITMAP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_BITS_PER_PIXEL = (0, 1, 2, 4, 8, 16, 24, 32, 64)


def detect_content_type(head: bytes, source: Source) -> str | None:
    """Return the media type by the first bytes `head`, or None if they have no signature.

    A signature counts only if the rest of its format fits: many texts begin with one. `source` is
    read where that is at the end.
    """
    head = head[:HEAD_BYTES]
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return zip_archive.type_by_first_entry(head)
    if head[4:8] == b"ftyp" and 16 <= int.from_bytes(head[:4], "big") < _MAX_FILE_TYPE:  # noqa: PLR2004 (one brand)
        return _media_type(head)
    if head[:4] == b"RIFF" and not (_printable(head[4:8]) and is_text(head, table=True)):
        return _RIFF.get(head[8:12])
    return _by_letters(head, source)


def _by_letters(head: bytes, source: Source) -> str | None:
    """Return the type by a signature of letters, which texts have as well."""
    for pattern, kind in _PATTERNS:
        if pattern.match(head):
            return kind
    for signature, fits, kind in _CHECKED:
        if head.startswith(signature) and fits(head, source):
            return kind
    return None


def _printable(part: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in part)  # noqa: PLR2004 (as ASCII has it)


def _is_gif(head: bytes, _: Source) -> bool:
    """Return whether a size and the colours are followed by a block, or cut."""
    flags = head[10] if len(head) > 10 else 0  # noqa: PLR2004 (where the flags are)
    colours = 3 << (flags & 7) + 1 if flags & 0x80 else 0
    block = head[13 + colours : 14 + colours]
    return not _printable(head[6:13]) and block in (b"!", b",", b";", b"")


def _is_orc(head: bytes, source: Source) -> bool:
    """Return whether the end has the signature as well, and its length; or the head is binary."""
    return tail(source, 5)[:4] == b"\x03ORC" or not is_text(head, table=True)


def _media_type(head: bytes) -> str:
    """Return the type of an ISO media file by its brands: the major one, then the compatible."""
    end = int.from_bytes(head[:4], "big")
    major = _TYPE_OF_BRAND.get(head[8:12])
    compatible = [
        _TYPE_OF_BRAND.get(head[at : at + 4]) for at in range(16, min(end, len(head)) - 3, 4)
    ]
    if major in ("image/heif", "image/heif-sequence"):
        # AVIF is allowed to have the general brands of HEIF as its major one.
        return "image/avif" if "image/avif" in compatible else major
    general = head[8:11] == b"iso" or head[8:12] in (b"mp41", b"mp42")
    if major and not general:
        return major
    usual = [kind for kind in compatible if kind and (not general or kind in _STILL_OR_SOUND)]
    specific = [kind for kind in usual if kind != "video/mp4"]
    return (specific or usual or ["video/mp4"])[0]


def _is_bitmap(head: bytes, _: Source) -> bool:
    """Return whether the header fits: many texts begin with "BM".

    That is, length of the second header, planes, or bits of a pixel. Two reserved fields should be
    zero; some programs use them.
    """
    if len(head) < 26:  # noqa: PLR2004 (both headers, at least)
        return False
    length = int.from_bytes(head[14:18], "little")
    at = 22 if length == _BITMAP_HEADERS[0] else 26
    planes, bits = (int.from_bytes(head[at + n : at + n + 2], "little") for n in (0, 2))
    # A file that ends within the header is a broken bitmap.
    fits = planes == 1 or bits in _BITS_PER_PIXEL or len(head) < at + 4
    return length in _BITMAP_HEADERS and fits


_CHECKED: tuple[tuple[bytes, Callable[[bytes, Source], bool], str], ...] = (
    (b"GIF87a", _is_gif, "image/gif"),
    (b"GIF89a", _is_gif, "image/gif"),
    (b"BM", _is_bitmap, "image/bmp"),
    (b"PAR1", parquet.is_parquet, "application/vnd.apache.parquet"),
    (b"PARE", parquet.is_parquet, "application/vnd.apache.parquet"),
    (b"ORC", _is_orc, "application/vnd.apache.orc"),
)
"""Signatures of letters, and whether the content fits."""
