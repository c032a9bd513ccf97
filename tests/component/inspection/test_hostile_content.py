"""Whatever an object contains, it is no reason to raise, nor to need more memory."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from s3_catalog.errors import OutOfTimeError
from s3_catalog.inspection.inspect_content import inspect
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.table.item import from_value, to_value
from tests.unit.inspection.bytes_source import NOW, BytesSource, look
from tests.unit.inspection.test_formats import FILES, SAMPLES, zipped

NAMES = ["k", "k.csv", "k.json", "k.jsonl", "k.tsv"]


def picture(kind: str) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0132] = "2014:11:12 09:30:00"
    exif.get_ifd(0x8769)[0x9003] = "2014:11:11 08:00:01"
    Image.new("RGB", (40, 30)).save(out, kind, exif=exif)
    return out.getvalue()


VALID = [
    *map(picture, ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")),
    (FILES / "nested.parquet").read_bytes(),
    (FILES / "empty.parquet").read_bytes(),
    zipped("xl/a", b"abc" * 100),
    (SAMPLES / "data" / "announcements.csv").read_bytes(),
    (SAMPLES / "data" / "events.jsonl").read_bytes(),
    json.dumps([{"a": [1, {"b": "c\n"}]}] * 30, indent=1).encode(),
    "Zürich\n".encode("utf-16"),
]


def expect_sense(found: InspectionResult) -> None:
    assert found.sha256
    assert found.content_type
    assert not str(found.error).startswith("unexpected"), found.error
    assert from_value(to_value(found)) == found


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=3000), st.sampled_from(NAMES), st.integers(1, 500))
def test_random_bytes(content: bytes, name: str, chunk: int) -> None:
    expect_sense(look(content, name, chunk))


@settings(deadline=None, max_examples=1500)
@given(st.sampled_from(VALID), st.data(), st.sampled_from(NAMES))
def test_valid_files_cut_and_changed_anywhere(
    content: bytes, data: st.DataObject, name: str
) -> None:
    broken = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if broken:
            # Headers and footers are where it hurts.
            end = len(broken) - 1
            at = data.draw(st.integers(0, min(end, 64)) | st.integers(0, end))
            at = data.draw(st.sampled_from([at, end - at]))
            broken[at] = data.draw(st.integers(0, 255))
    expect_sense(look(bytes(broken), name))


def test_giving_up_is_recorded_and_anything_else_is_not() -> None:
    def out_of_time() -> None:
        raise OutOfTimeError

    def stop() -> None:
        raise ValueError("stop")

    found = inspect(BytesSource(b"abc"), "k", NOW, out_of_time)
    assert (found.sha256, found.error) == (None, "gave up after 0 of 3 bytes: out of time")
    for content in (b"a,b\n", b"{}", b"\x89PNG\r\n\x1a\n", picture("PNG")):
        with pytest.raises(ValueError, match="stop"):
            inspect(BytesSource(content), "k.csv", NOW, stop)


def test_a_source_that_fails_midway_says_nothing_about_the_content() -> None:
    class Failing(BytesSource):
        def chunks(self) -> Iterator[bytes]:
            yield b"a,b\n" * 2000
            raise LookupError("connection")

    for name in ("k.csv", "k.json", "k"):
        with pytest.raises(LookupError, match="connection"):
            inspect(Failing(bytes(100_000)), name, NOW, lambda: None)


_PEAK = """
import resource, sys
from tests.component.inspection.test_hostile_content import Endless
from s3_catalog.inspection.inspect_content import inspect
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = inspect(Endless(sys.argv[1], int(sys.argv[2])), "k." + sys.argv[3], "now", lambda: None)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, found.sha256 is not None, found.error or "")
"""

ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "string": (b'["', b"a" * 99),
    "escapes": (b'["', b"\\u0041"),
    "objects": (b"[", b'{"a": 1, "b": "two"},'),
    "nested": (b"[", b'{"a": {"b": [1, 2]}},'),
    "record": (b"a,b\n1,", b'"",'),
    "quoted": (b'a,b\n1,"', b"x\n"),
    "line": (b"", b"x"),
    "commas": (b"", b","),
}


class Endless:
    """A beginning, and then the same bytes over and over, made as they are read."""

    def __init__(self, kind: str, size: int) -> None:
        self._start, self._part = ENDLESS[kind]
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def chunks(self) -> Iterator[bytes]:
        yield self._start
        chunk = self._part * (2**20 // len(self._part))
        for _ in range(self._size // len(chunk)):
            yield chunk

    def at(self, offset: int, length: int) -> bytes:
        raise AssertionError(f"{length} bytes of a text were read at {offset}")


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_memory_does_not_grow_with_the_object(kind: str, suffix: str) -> None:
    size = 48 * 2**20
    ran = subprocess.run(
        [sys.executable, "-c", _PEAK, kind, str(size), suffix],
        capture_output=True,
        text=True,
        check=True,
        # The modules are where pytest was told to find them.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    kib, hashed, *_ = ran.stdout.split()
    assert hashed == "True"
    # One record, line or chunk, and what Python makes of it: not the 48 MiB.
    assert int(kib) < 32 * 1024
