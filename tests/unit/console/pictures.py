"""Small pictures, and what pretends to be one."""

import struct
import zlib


def png(width: int = 2, height: int = 2) -> bytes:
    """Return a black picture, whatever its size in a few bytes."""
    rows = (b"\0" + b"\0\0\0" * width) * height if width * height < 10**6 else b""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")]
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


GIF = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"

SCRIPT = b"<script>alert(1)</script>"

PRETENDERS = {
    "drawing.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT,
    "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "page.png": b"<!doctype html>" + SCRIPT,
    "page.gif": SCRIPT + GIF,
    "paper.jpg": b"%PDF-1.7\n",
    "scan.png": b"II*\0\x08\0\0\0\0\0",
    "broken.png": png()[:20],
    "bomb.png": png(30_000, 30_000),
    "empty.png": b"",
}
"""Objects that are not shown as pictures, by their names."""
