"""Read-ahead yields the bytes of its source in order, and leaves no files behind."""

import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.exceptions import GoneError
from s3_catalog.inspection import read_ahead
from s3_catalog.inspection.read_ahead import ReadAhead
from tests.unit.inspection.bytes_source import BytesSource

PART, CONNECTIONS, MAX_PARTS_AHEAD = 10, 3, 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "PART", PART)
    monkeypatch.setattr(read_ahead, "CONNECTIONS", CONNECTIONS)
    monkeypatch.setattr(read_ahead, "MAX_PARTS_AHEAD", MAX_PARTS_AHEAD)
    monkeypatch.setattr(read_ahead, "_CHUNK", 4)


class Parted(BytesSource):
    """A source that counts its reads; that of the part with number `broken` fails midway."""

    def __init__(self, content: bytes, *, broken: int | None = None) -> None:
        super().__init__(content)
        self._lock = threading.Lock()
        self._broken = broken
        self._reading = 0
        self.max_reading = 0
        self.begun = 0

    def between(self, start: int, end: int) -> Generator[bytes, None, None]:
        with self._lock:
            self._reading += 1
            self.begun += 1
            self.max_reading = max(self._reading, self.max_reading)
        try:
            for position in range(start, end, 3):
                yield self._content[position : min(position + 3, end)]
                if start // PART == self._broken:
                    raise GoneError("NoSuchVersion")
        finally:
            with self._lock:
                self._reading -= 1


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("part")]


@given(st.binary(max_size=200))
def test_the_bytes_are_those_of_the_source_in_order(content: bytes) -> None:
    source = Parted(content)
    chunks = list(ReadAhead(source, Path(gettempdir())).chunks())
    assert b"".join(chunks) == content
    assert all(0 < len(chunk) <= 4 for chunk in chunks)
    assert source.max_reading <= CONNECTIONS
    assert not threads()


def test_the_number_of_parts_ahead_is_limited(tmp_path: Path) -> None:
    source = Parted(bytes(100 * PART))
    ahead = ReadAhead(source, tmp_path)
    passed = 0
    for chunk in ahead.chunks():
        passed += len(chunk)
        assert source.begun <= MAX_PARTS_AHEAD + passed // PART + 1
    assert source.begun == 100


def test_size_and_reads_at_an_offset_are_those_of_the_source(tmp_path: Path) -> None:
    ahead = ReadAhead(Parted(b"0123456789abc"), tmp_path)
    assert ahead.size == 13
    assert ahead.at(9, 3) == b"9ab"


@pytest.mark.parametrize("broken", [0, 3, 9])
def test_a_failing_part_raises_after_the_parts_before_it(tmp_path: Path, broken: int) -> None:
    content = bytes(range(100))
    passed: list[bytes] = []
    with pytest.raises(GoneError, match="NoSuchVersion"):
        passed.extend(ReadAhead(Parted(content, broken=broken), tmp_path).chunks())
    assert b"".join(passed) == content[: broken * PART]
    assert not threads()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_closed_reader_leaves_no_threads_and_files(tmp_path: Path, after: int) -> None:
    class Waiting(Parted):
        """A source whose later parts end only when they are abandoned."""

        def between(self, start: int, end: int) -> Generator[bytes, None, None]:
            yield from super().between(start, end)
            while start >= 3 * PART:
                yield b""

    chunks: Iterator[bytes] = ReadAhead(Waiting(bytes(50 * PART)), tmp_path).chunks()
    for _ in range(after):
        next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert not threads()
    assert not list(tmp_path.iterdir())


def test_a_volume_that_cannot_be_written_raises_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file or directory"):
        list(ReadAhead(Parted(b"abc"), tmp_path / "gone").chunks())
