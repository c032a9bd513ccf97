"""Content in memory, to be inspected."""

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from s3_catalog.inspection.inspect_content import inspect_content
from s3_catalog.model.inspection_result import InspectionResult

NOW = "2026-11-24T00:00:00.000Z"

FILES = Path(__file__).parent / "files"
"""Parquet files that pyarrow 26.0.1 wrote, and whose columns and rows its reader confirms. At 170
MB, pyarrow is too large to install for two files."""

SAMPLES = Path(__file__).parents[3] / "samples"


class BytesSource:
    """A `Source` of `content`, in chunks of `chunk` bytes; `read_at` counts the bytes of `at`."""

    def __init__(self, content: bytes, chunk: int = 2**20) -> None:
        self._content = content
        self._chunk = chunk
        self.read_at = 0

    @property
    def size(self) -> int:
        return len(self._content)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self._content), self._chunk):
            yield self._content[start : start + self._chunk]

    def at(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length >= 0
        self.read_at += length
        return self._content[offset : offset + length]


def inspect_bytes(content: bytes, key: str = "k", chunk: int = 2**20) -> InspectionResult:
    """Return the result for an object with the name `key`, without a deadline."""
    return inspect_content(BytesSource(content, chunk), key, NOW, lambda: None)


def zipped(name: str, content: bytes) -> bytes:
    """Return a zip archive with one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def tiff(*entries: tuple[int, int], order: str = "<") -> bytes:
    """Return a TIFF whose only directory has these `entries` (tag, value of 32 bits), and no data.

    The last entry ends with the file, but for the offset of the next directory.
    """
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    directory = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, value) for tag, value in entries)
    head = struct.pack(f"{order}IH", 8, len(entries))
    return mark + head + directory + bytes(4)
