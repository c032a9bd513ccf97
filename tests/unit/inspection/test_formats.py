"""Inspection results of content that other programs wrote."""

import csv
import gzip
import io
import json
import re
import zipfile
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from s3_catalog.inspection.inspect_content import inspect_content
from tests.unit.inspection.bytes_source import (
    FILES,
    NOW,
    SAMPLES,
    BytesSource,
    inspect_bytes,
    tiff,
    zipped,
)


def test_every_byte_of_any_content_is_hashed() -> None:
    for content in (b"", b"a,b\n", bytes(range(256)) * 9000, b'{"a":' * 50_000):
        for chunk in (1000, 2**20):
            found = inspect_bytes(content, "x.json", chunk)
            assert found.sha256 == sha256(content).hexdigest()
            assert found.inspected_at == NOW


@pytest.mark.parametrize(
    ("content", "encoding", "lines"),
    [
        (b"plain", "ascii", 1),
        (b"one\ntwo\n", "ascii", 2),
        ("Zürich\n東京".encode(), "utf-8", 2),
        ("Zürich\n".encode("utf-8-sig"), "utf-8-sig", 1),
        ("Zürich\na\nb".encode("utf-16"), "utf-16", 3),
        ("Zürich\na\nb".encode("utf-32"), "utf-32", 3),
        ("Zürich\n".encode("latin-1"), "unknown-8bit", 1),
        (b"\n\n\n", "ascii", 3),
    ],
)
@pytest.mark.parametrize("chunk", [1, 3, 2**20])
def test_encoding_and_lines_of_a_text(
    content: bytes, encoding: str, lines: int, chunk: int
) -> None:
    found = inspect_bytes(content, "notes", chunk)
    assert (found.content_type, found.encoding, found.lines, found.error) == (
        "text/plain",
        encoding,
        lines,
        None,
    )


def test_invalid_bytes_late_in_a_text_mean_an_older_encoding() -> None:
    found = inspect_bytes(b"a" * 10_000 + b"\xff", "notes")
    assert (found.encoding, found.lines, found.error) == ("unknown-8bit", 1, None)
    assert found.sha256


def test_binary_and_empty_content_has_its_own_type() -> None:
    assert inspect_bytes(bytes(range(256))).content_type == "application/octet-stream"
    assert inspect_bytes(b"").content_type == "application/x-empty"


@given(
    st.lists(st.lists(st.text("ab,;\t\"\n'é", max_size=6), min_size=2, max_size=5), min_size=1),
    st.integers(1, 40),
)
def test_the_rows_of_a_csv_are_those_that_its_writer_wrote(
    table: list[list[str]], chunk: int
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["first", "second"], *table])
    found = inspect_bytes(out.getvalue().encode(), "t.CSV", chunk)
    assert (found.content_type, found.error) == ("text/csv", None)
    assert (found.columns, found.rows) == (2, len(table) + 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_detected(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in ("abc", "123", "456"))
    found = inspect_bytes(text.encode(), "t.csv")
    assert (found.columns, found.rows) == (3, 3)


def test_an_invalid_csv_is_an_error_and_still_has_lines() -> None:
    found = inspect_bytes(b'a,b\n1,"2\n', "t.csv")
    assert found.error == "record 2: unexpected end of data"
    assert (found.rows, found.lines) == (None, 2)
    assert "longer than" in str(inspect_bytes(b"x" * 2_000_000, "t.csv").error)


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(st.lists(documents), st.integers(1, 50), st.booleans(), st.sampled_from([None, 2]))
def test_the_rows_of_json_are_those_that_its_writer_wrote(
    things: list[object], chunk: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(things, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    found = inspect_bytes(text, "t.json", chunk)
    assert (found.content_type, found.error, found.rows) == ("application/json", None, len(things))
    if things:
        lines = "\n".join(json.dumps(thing, indent=indent) for thing in things).encode()
        found = inspect_bytes(lines, "t.jsonl", chunk)
        assert (found.error, found.rows) == (None, len(things))
        assert found.content_type == "application/x-ndjson"


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from([0.5, 1e300, -1e-9])
texts = st.text(st.sampled_from('a1,]["\\é\n'), max_size=5)


@given(
    st.lists(scalars | texts | st.lists(scalars | texts, max_size=5), max_size=30),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_runs_of_scalars_are_counted_one_by_one(
    things: list[object], chunk: int, indent: int | None
) -> None:
    text = json.dumps(things, indent=indent).encode()
    assert inspect_bytes(text, "t.json", chunk).rows == len(things)
    assert inspect_bytes(b"[0, " + text + b", 1]", "t.json", chunk).rows == 3


@given(documents, st.data())
def test_json_is_valid_exactly_when_python_reads_it(thing: object, data: st.DataObject) -> None:
    text = list(json.dumps(thing))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.text('{}[],:"\\01-.eEnu '))
    changed = "".join(text)

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        json.loads(changed, parse_constant=refuse)
        valid = True
    except ValueError:
        valid = False
    found = inspect_bytes(changed.encode(), "t.json", data.draw(st.integers(1, 50)))
    several = found.content_type == "application/x-ndjson"
    if changed:
        # Several values are JSON Lines, which json.loads does not read.
        assert several or (found.error is None) is valid, (changed, found)


def values_by_python(text: str) -> int | None:
    """Return the number of values of a text, or None if one is invalid."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    decoder, count, at = json.JSONDecoder(parse_constant=refuse), 0, 0
    while rest := text[at:].lstrip(" \t\n\r"):
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        if not isinstance(value, str | list | dict) and re.match(r"[-+.\w]", rest[end:]):
            return None  # 01 and truefalse are no two values.
        at, count = len(text) - len(rest) + end, count + 1
    return count


rows = st.dictionaries(st.text("a é", max_size=2), documents, max_size=3) | documents
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,  ", " : ")])
ends = st.sampled_from(["\n", "\n", "\r\n", "\n\n", " \n", " ", "", "\n \n"])


@given(st.lists(st.tuples(rows, separators, ends), min_size=2, max_size=8), st.data())
def test_rows_of_json_lines_are_counted_exactly_when_python_reads_them(
    lines: list[tuple[object, tuple[str, str], str]], data: st.DataObject
) -> None:
    text = list("".join(json.dumps(row, separators=by) + end for row, by, end in lines))
    for _ in range(data.draw(st.integers(0, 1))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.text('{}[],:"\\0- \nn', max_size=2)
        )
    changed = "".join(text)
    found = inspect_bytes(changed.encode(), "t.jsonl", data.draw(st.integers(1, 200)))
    if changed:
        assert found.rows == values_by_python(changed)
        assert (found.error is None) is (found.rows is not None)


@pytest.mark.parametrize("chunk", [1, 2**20])
@pytest.mark.parametrize(
    ("row", "at"),
    [
        ('{"a": 1,}', 8),
        ('{"a": 1, }', 9),
        ('{,"a": 1}', 1),
        ('{"a": 1 "b": 2}', 8),
        ('{"a" 1}', 5),
        ('{"a": }', 6),
        ('{"a": [1,]}', 9),
        ('{"a": [1, ]}', 10),
        ('{"a": [1 2]}', 9),
        ('{"a": {"b": 1,}}', 14),
        ('{"a": 01}', 6),
        ('{"a": 1.}', 6),
        ('{"a": NaN}', 6),
        ('{"a": "x\ny"}', 8),
        ('{"a": "\\x"}', 7),
        ('{"a": "\\u00g0"}', 7),
        ('{"a": 1}}', 8),
        ('{"a": 1},', 8),
        ("{a: 1}", 1),
    ],
)
def test_a_row_of_json_lines_that_is_invalid_is_found_between_others(
    row: str, at: int, chunk: int
) -> None:
    before = '{"a": [1, {"b": "c"}]}\r\n{}\n["x",2]\n{"a":1.5e3,"b":null}\n'
    found = inspect_bytes((before * 2).encode(), "t.jsonl", chunk)
    assert (found.rows, found.error) == (8, None)
    found = inspect_bytes(f"{before}{row}\n{before}".encode(), "t.jsonl", chunk)
    assert found.error == f"invalid JSON at character {len(before) + at}"


def test_a_single_object_has_no_rows_and_a_bracket_is_not_always_json() -> None:
    assert (inspect_bytes(b'{"a": {"b": 1}}').rows, inspect_bytes(b'{"a": 1}').content_type) == (
        None,
        "application/json",
    )
    log = inspect_bytes(b"[12:00] started\n[12:01] done\n", "server.log")
    assert (log.content_type, log.error, log.lines) == ("text/plain", None, 2)
    assert str(inspect_bytes(b"[12:00]", "x.json").error).startswith("invalid JSON at character 3")
    assert "deep" in str(inspect_bytes(b"[" * 5000, "x.json").error)


@pytest.mark.parametrize(
    ("name", "columns", "rows"), [("nested.parquet", 3, 1000), ("empty.parquet", 1, 0)]
)
def test_columns_and_rows_of_parquet(name: str, columns: int, rows: int) -> None:
    found = inspect_bytes((FILES / name).read_bytes())
    assert (found.content_type, found.columns, found.rows, found.error) == (
        "application/vnd.apache.parquet",
        columns,
        rows,
        None,
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
@given(width=st.integers(1, 400), height=st.integers(1, 400), dated=st.booleans())
def test_size_and_time_of_an_image_are_those_that_pillow_wrote(
    kind: str, width: int, height: int, dated: bool
) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    dated = dated and kind not in ("GIF", "BMP")
    if dated:
        exif[0x0132] = "2014:11:12 09:30:00"
        exif.get_ifd(0x8769)[0x9003] = "2014:11:11 08:00:01"
    Image.new("RGB", (width, height)).save(out, kind, exif=exif)
    found = inspect_bytes(out.getvalue())
    assert (found.content_type, found.error) == (f"image/{kind.lower()}", None)
    assert (found.width, found.height) == (width, height)
    # In a TIFF, Pillow writes the time of the file, and none of the EXIF directory.
    taken = "2014-11-12T09:30:00" if kind == "TIFF" else "2014-11-11T08:00:01"
    assert found.taken == (taken if dated else None)


def test_size_of_a_lossless_webp() -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 17)).save(out, "WEBP", lossless=True)
    found = inspect_bytes(out.getvalue())
    assert (found.width, found.height) == (300, 17)


def test_no_pixel_of_a_decompression_bomb_is_read() -> None:
    out = io.BytesIO()
    Image.new("1", (1, 1)).save(out, "PNG")
    bomb = bytearray(out.getvalue())
    bomb[16:24] = (2**31 - 1).to_bytes(4, "big") * 2
    source = BytesSource(bytes(bomb))
    assert inspect_content(source, "k", NOW, lambda: None).width == 2**31 - 1
    assert 0 < source.read_at < 1000


def test_the_type_of_an_archive() -> None:
    assert inspect_bytes(zipped("a.txt", b"x")).content_type == "application/zip"
    assert str(inspect_bytes(zipped("word/document.xml", b"x")).content_type).endswith("document")
    assert (
        inspect_bytes(gzip.compress(b"a,b\n" * 99), "x.csv.gz").content_type == "application/gzip"
    )
    assert inspect_bytes(zipped("a.txt", b"x")).error is None
    assert "truncated" in str(inspect_bytes(zipped("a.txt", b"x" * 99)[:50]).error)


def claiming(unpacked: int) -> bytes:
    """Return an archive of 100 bytes whose directory says that it unpacks to `unpacked` bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as stored:
        stored.writestr("a", b"")
    archive = bytearray(out.getvalue())
    assert len(archive) == 100
    entry = archive.rindex(b"PK\x01\x02")
    archive[entry + 24 : entry + 28] = unpacked.to_bytes(4, "little")
    return bytes(archive)


def test_an_archive_that_unpacks_to_more_than_1000_times_its_size_is_a_zip_bomb() -> None:
    assert inspect_bytes(claiming(100_000)).error is None
    found = inspect_bytes(claiming(100_001))
    assert found.error == "a zip bomb: 100 bytes would unpack to 100,001"
    assert found.sha256


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_last_entry_of_a_tiff_is_read(order: str) -> None:
    found = inspect_bytes(tiff((256, 640), (257, 480), order=order))
    assert (found.content_type, found.error) == ("image/tiff", None)
    assert (found.width, found.height) == (640, 480)
    assert inspect_bytes(tiff((256, 640), order=order)).error == "no size of the image"


def test_at_most_1000_entries_of_a_tiff_are_read() -> None:
    others = [(0, 0)] * 998
    found = inspect_bytes(tiff(*others, (256, 640), (257, 480)))
    assert (found.width, found.height) == (640, 480)
    found = inspect_bytes(tiff(*others, (0, 0), (256, 640), (257, 480)))
    assert found.error == "no size of the image"


def test_the_last_entry_of_exif_is_read() -> None:
    date = b"2014:11:12 09:30:00\0"
    # The time (tag 0x0132) is the last of three entries; its value is behind the directory.
    at = 8 + 2 + 3 * 12 + 4
    content = tiff((256, 640), (257, 480), (0x0132, at)) + date
    assert inspect_bytes(content).taken == "2014-11-12T09:30:00"


def test_the_types_of_the_samples() -> None:
    def sample(name: str) -> tuple[object, ...]:
        found = inspect_bytes((SAMPLES / name).read_bytes(), name)
        assert found.error is None
        return found.content_type, found.columns, found.rows, found.width

    assert sample("photos/2014/sunrise.png")[0] == "image/png"
    assert sample("data/announcements.csv")[0] == "text/csv"
    assert sample("data/events.jsonl")[0] == "application/x-ndjson"
    assert sample("data/settings.json")[0] == "application/json"
    assert sample("reports/status.html")[0] == "text/html"
