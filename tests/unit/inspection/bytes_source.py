"""Bytes in memory, to be inspected."""

from collections.abc import Iterator

from s3_catalog.inspection.inspect_content import inspect
from s3_catalog.model.inspection_result import InspectionResult

NOW = "2026-11-24T00:00:00.000Z"


class BytesSource:
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


def look(content: bytes, key: str = "k", chunk: int = 2**20) -> InspectionResult:
    return inspect(BytesSource(content, chunk), key, NOW, tick=lambda: None)
