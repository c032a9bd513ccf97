"""The type of content by its signature: the first bytes that its format defines."""

HEAD_BYTES = 4096
"""Bytes of the beginning that detection needs."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    # BigTIFF: its offsets have eight bytes.
    (0, b"II+\x00\x08\x00\x00\x00", "image/tiff"),
    (0, b"MM\x00+\x00\x08\x00\x00", "image/tiff"),
    (0, b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"PARE", "application/vnd.apache.parquet"),
    (0, b"Obj\x01", "application/vnd.apache.avro"),
    (0, b"ORC", "application/vnd.apache.orc"),
    (0, b"ARROW1\x00\x00", "application/vnd.apache.arrow.file"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\x00asm\x01\x00\x00\x00", "application/wasm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "application/ogg"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
"""Offset, bytes, type. Three bytes at least: shorter ones would match by chance."""

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}

_IN_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"META-INF/MANIFEST.MF", "application/java-archive"),
)

_MIMETYPE = b"mimetypeapplication/"


def detect_content_type(head: bytes) -> str | None:
    """Return the media type by the first bytes `head`, or None if they have no signature."""
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zipped(head)
    if _is_bitmap(head):
        return "image/bmp"
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    return None


def _is_bitmap(head: bytes) -> bool:
    # Many texts begin with "BM": the reserved and high bytes of the header must be zero, too.
    return head[:2] == b"BM" and head[6:10] == bytes(4) and head[15:18] == bytes(3)


def _zipped(head: bytes) -> str:
    if head.startswith(_MIMETYPE, 30):
        # OpenDocument and EPUB begin with their media type, uncompressed.
        length = int.from_bytes(head[18:22], "little")
        name = head[38 : 38 + min(length, 100)]
        if name.isascii() and name.decode().isprintable():
            return name.decode()
    for entry, kind in _IN_ZIP:
        if entry in head:
            return kind
    return "application/zip"
