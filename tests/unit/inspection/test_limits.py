"""The limits of the parsers: the last value that is accepted, and the first that is not."""

import io
import zipfile

import pytest

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.formats import delimited
from tests.unit.inspection.bytes_source import inspect_bytes, tiff


def test_a_line_of_a_csv_has_at_most_1_mib() -> None:
    line = b"x," * 524_288
    assert inspect_bytes(line + b"\n", "t.csv").error is None
    found = inspect_bytes(line + b"y\n", "t.csv")
    assert found.error == "a line is longer than 1,048,576 characters"


def test_json_is_nested_at_most_1000_levels_deep() -> None:
    # One character at a time behind the head, no level is passed in one step with its content.
    head = b" " * 4096
    found = inspect_bytes(head + b"[" * 1000 + b"]" * 1000, "t.json", chunk=1)
    assert (found.error, found.rows) == (None, 1)
    found = inspect_bytes(head + b"[" * 1001 + b"]" * 1001, "t.json", chunk=1)
    assert found.error == "nested more than 1,000 levels deep"


def test_a_number_of_json_has_at_most_4096_characters() -> None:
    assert inspect_bytes(b"[" + b"1" * 4096 + b"]", "t.json").rows == 1
    found = inspect_bytes(b"[" + b"1" * 4097 + b"]", "t.json")
    assert found.error == "a number has more than 4,096 characters"


def png(chunks: int) -> bytes:
    """Return a PNG with a number of `chunks`: IHDR first, eXIf last, no image data."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + bytes(4)

    size = (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    exif = tiff((0x0132, 26)) + b"2014:11:12 09:30:00\0"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + bytes(5))
        + chunk(b"tEXt", b"") * (chunks - 2)
        + chunk(b"eXIf", exif)
    )


def test_at_most_1000_chunks_of_a_png_are_read() -> None:
    found = inspect_bytes(png(1000))
    assert (found.width, found.height, found.taken) == (640, 480, "2014-11-12T09:30:00")
    found = inspect_bytes(png(1001))
    assert (found.width, found.height, found.taken) == (640, 480, None)


def parquet(rows: bytes, lists: int = 0) -> bytes:
    """Return a footer of 3 columns and `rows` (a varint), after a field of nested `lists`.

    Each byte is the header of a field or list in Thrift's compact protocol, or a value.
    """
    nested = b"\x19" * lists + b"\x13\x00" if lists else b""
    schema = b"\x19\x1c\x55\x06\x00" if lists else b"\x29\x1c\x55\x06\x00"
    footer = nested + schema + b"\x16" + rows + b"\x00"
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def test_a_footer_of_parquet_is_nested_at_most_32_levels_deep() -> None:
    found = inspect_bytes(parquet(b"\x14", lists=32))
    assert (found.error, found.columns, found.rows) == (None, 3, 10)
    assert inspect_bytes(parquet(b"\x14", lists=33)).error == "the footer is nested too deeply"


def test_a_number_of_parquet_has_at_most_64_bits() -> None:
    found = inspect_bytes(parquet(b"\x80" * 9 + b"\x00"))
    assert (found.error, found.columns, found.rows) == (None, 3, 0)
    found = inspect_bytes(parquet(b"\x80" * 10 + b"\x00"))
    assert found.error == "the footer has a number of more than 64 bits"


def test_the_first_4096_bytes_decide_whether_content_is_text() -> None:
    found = inspect_bytes(b"a" * 4095 + b"\x00")
    assert found.content_type == "application/octet-stream"
    found = inspect_bytes(b"a" * 4096 + b"\x00")
    assert found.content_type == "text/plain"


def test_a_signature_is_found_across_chunks() -> None:
    content = bytes(257) + b"ustar" + bytes(250)
    assert inspect_bytes(content, chunk=1).content_type == "application/x-tar"


def stored_zip(comment: bytes = b"") -> bytearray:
    """Return an archive of one empty file, without compression: 100 bytes and a comment."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"")
        archive.comment = comment
    return bytearray(out.getvalue())


def test_an_archive_may_have_the_longest_comment() -> None:
    assert inspect_bytes(bytes(stored_zip(b"x" * 65_535))).error is None


@pytest.mark.parametrize(
    ("offset", "error"),
    [
        (31, None),
        (32, "invalid central directory"),
        (53, "invalid central directory"),
        (54, "the central directory is longer than the file"),
    ],
)
def test_the_central_directory_is_within_the_file(offset: int, error: str | None) -> None:
    archive = stored_zip()
    end = archive.rindex(b"PK\x05\x06")
    assert (len(archive), int.from_bytes(archive[end + 12 : end + 16], "little")) == (100, 47)
    archive[end + 16 : end + 20] = offset.to_bytes(4, "little")
    assert inspect_bytes(bytes(archive)).error == error


@pytest.mark.parametrize("field", [12, 16])
def test_without_the_records_of_zip64_an_archive_is_truncated(field: int) -> None:
    archive = stored_zip()
    end = archive.rindex(b"PK\x05\x06")
    archive[end + field : end + field + 4] = b"\xff" * 4
    assert inspect_bytes(bytes(archive)).error == "truncated: no central directory of Zip64"


def test_an_error_has_at_most_300_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> tuple[int, int]:
        raise BrokenError("x" * 301)

    monkeypatch.setattr(delimited, "count_records", fail)
    assert inspect_bytes(b"a,b\n", "t.csv").error == "x" * 300
