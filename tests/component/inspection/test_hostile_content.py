"""Inspection of any content neither raises nor needs more memory."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from s3_catalog.exceptions import OutOfTimeError
from s3_catalog.inspection.inspect_content import inspect_content
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.table.item import from_value, to_value
from tests.component.inspection.endless import ENDLESS
from tests.unit.inspection.bytes_source import (
    FILES,
    NOW,
    SAMPLES,
    BytesSource,
    inspect_bytes,
    zipped,
)

NAMES = ["k", "k.csv", "k.json", "k.jsonl", "k.tsv"]


def image(kind: str) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0132] = "2014:11:12 09:30:00"
    exif.get_ifd(0x8769)[0x9003] = "2014:11:11 08:00:01"
    Image.new("RGB", (40, 30)).save(out, kind, exif=exif)
    return out.getvalue()


CASES = FILES.parent / "cases"
SMALL_CASES = (
    "backslash-escapes.csv",
    "bigtiff.tif",
    "cgbi.png",
    "heif-sequence-msf1.bin",
    "jpeg-extraneous-bytes.jpg",
    "literal-quotes.tsv",
    "raw-thumbnail-ifd0.dng",
    "utf16.xml",
    "zip-named-password-folder.zip",
)


VALID = [
    *map(image, ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")),
    (FILES / "nested.parquet").read_bytes(),
    (FILES / "empty.parquet").read_bytes(),
    zipped("xl/a", b"abc" * 100),
    zipped("[Content_Types].xml", b'<Override ContentType="application/vnd.a.main+xml"/>'),
    (SAMPLES / "data" / "announcements.csv").read_bytes(),
    (SAMPLES / "data" / "events.jsonl").read_bytes(),
    json.dumps([{"a": [1, {"b": "c\n"}]}] * 30, indent=1).encode(),
    "Zürich\n".encode("utf-16"),
    *((CASES / name).read_bytes() for name in SMALL_CASES),
]


def check_result(found: InspectionResult) -> None:
    assert found.sha256
    assert found.content_type
    assert not str(found.error).startswith("unexpected"), found.error
    assert from_value(to_value(found)) == found


@given(st.binary(max_size=3000), st.sampled_from(NAMES), st.integers(1, 500))
def test_random_bytes_have_a_result(content: bytes, name: str, chunk: int) -> None:
    check_result(inspect_bytes(content, name, chunk))


@given(st.sampled_from(VALID), st.data(), st.sampled_from(NAMES))
def test_truncated_and_changed_files_have_a_result(
    content: bytes, data: st.DataObject, name: str
) -> None:
    broken = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if broken:
            # Changes of headers and footers find the most.
            end = len(broken) - 1
            at = data.draw(st.integers(0, min(end, 64)) | st.integers(0, end))
            at = data.draw(st.sampled_from([at, end - at]))
            broken[at] = data.draw(st.integers(0, 255))
    check_result(inspect_bytes(bytes(broken), name))


def test_a_missed_deadline_is_a_result_and_other_exceptions_are_raised() -> None:
    def out_of_time() -> None:
        raise OutOfTimeError

    def stop() -> None:
        raise ValueError("stop")

    found = inspect_content(BytesSource(b"abc"), "k", NOW, out_of_time)
    assert (found.sha256, found.error) == (None, "out of time after 0 of 3 bytes")
    for content in (b"a,b\n", b"{}", b"\x89PNG\r\n\x1a\n", image("PNG")):
        with pytest.raises(ValueError, match="stop"):
            inspect_content(BytesSource(content), "k.csv", NOW, stop)


def test_an_exception_of_the_source_is_raised() -> None:
    class Failing(BytesSource):
        def chunks(self) -> Iterator[bytes]:
            yield b"a,b\n" * 2000
            raise LookupError("connection")

    for name in ("k.csv", "k.json", "k"):
        with pytest.raises(LookupError, match="connection"):
            inspect_content(Failing(bytes(100_000)), name, NOW, lambda: None)


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_memory_does_not_grow_with_the_object(kind: str, suffix: str) -> None:
    size = 24 * 2**20
    ran = subprocess.run(
        [sys.executable, "-m", "tests.component.inspection.endless", kind, str(size), suffix],
        capture_output=True,
        text=True,
        check=True,
        # The import path of pytest.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    growth, hashed, *_ = ran.stdout.split()
    assert hashed == "True"
    # A record, line or chunk, and its copies in Python: less than the 24 MiB.
    assert int(growth) < 16 * 2**20
