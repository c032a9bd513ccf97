"""What the inspector says of files that other programs wrote."""

import csv
import gzip
import io
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from s3_catalog.inspection.formats.zip_archive import MAX_RATIO
from tests.unit.inspection.bytes_source import NOW, BytesSource, look

FILES = Path(__file__).parent / "files"
"""Written by pyarrow 26.0.1, whose own reader says what the tests expect: at 170 MB too large to be
installed for two files."""

SAMPLES = Path(__file__).parents[3] / "samples"


def test_every_byte_is_hashed_whatever_it_is() -> None:
    for content in (b"", b"a,b\n", bytes(range(256)) * 9000, b'{"a":' * 50_000):
        for chunk in (1000, 2**20):
            found = look(content, "x.json", chunk)
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
def test_text(content: bytes, encoding: str, lines: int, chunk: int) -> None:
    found = look(content, "notes", chunk)
    assert (found.content_type, found.encoding, found.lines, found.error) == (
        "text/plain",
        encoding,
        lines,
        None,
    )


def test_bytes_that_leave_their_encoding_late_are_an_error() -> None:
    found = look(b"a" * 10_000 + b"\xff", "notes")
    assert found.error
    assert found.error.startswith("it is not all utf-8")
    assert found.encoding is None
    assert found.sha256


def test_bytes_that_are_no_text_are_named_so() -> None:
    assert look(bytes(range(256))).content_type == "application/octet-stream"
    assert look(b"").content_type == "application/x-empty"


@given(
    st.lists(st.lists(st.text("ab,;\t\"\n'é", max_size=6), min_size=2, max_size=5), min_size=1),
    st.integers(1, 40),
)
def test_a_csv_has_the_records_that_its_writer_wrote(table: list[list[str]], chunk: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["first", "second"], *table])
    found = look(out.getvalue().encode(), "t.CSV", chunk)
    assert (found.content_type, found.error) == ("text/csv", None)
    assert (found.columns, found.rows) == (2, len(table) + 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_tells_its_delimiter(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in ("abc", "123", "456"))
    assert (look(text.encode(), "t.csv").columns, look(text.encode(), "t.csv").rows) == (3, 3)


def test_a_csv_that_cannot_be_read_is_an_error_and_still_a_text() -> None:
    found = look(b'a,b\n1,"2\n', "t.csv")
    assert found.error == "record 2: unexpected end of data"
    assert (found.rows, found.lines) == (None, 2)
    assert "longer than" in str(look(b"x" * 2_000_000, "t.csv").error)


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.lists(documents), st.integers(1, 50), st.booleans(), st.sampled_from([None, 2]))
def test_json_has_the_rows_that_its_writer_wrote(
    things: list[object], chunk: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(things, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace")
    found = look(text, "t.json", chunk)
    assert (found.content_type, found.error, found.rows) == ("application/json", None, len(things))
    if things:
        lines = "\n".join(json.dumps(thing, indent=indent) for thing in things).encode()
        found = look(lines, "t.jsonl", chunk)
        assert (found.error, found.rows) == (None, len(things))
        assert found.content_type == "application/x-ndjson"


scalars = st.none() | st.booleans() | st.integers() | st.sampled_from([0.5, 1e300, -1e-9])
texts = st.text(st.sampled_from('a1,]["\\é\n'), max_size=5)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(scalars | texts | st.lists(scalars | texts, max_size=5), max_size=30),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_runs_of_scalars_are_counted_one_by_one(
    things: list[object], chunk: int, indent: int | None
) -> None:
    text = json.dumps(things, indent=indent).encode()
    assert look(text, "t.json", chunk).rows == len(things)
    assert look(b"[0, " + text + b", 1]", "t.json", chunk).rows == 3


@settings(deadline=None, max_examples=500)
@given(documents, st.data())
def test_what_is_no_json_for_python_is_none_for_us(thing: object, data: st.DataObject) -> None:
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
    found = look(changed.encode(), "t.json", data.draw(st.integers(1, 50)))
    several = found.content_type == "application/x-ndjson"
    if changed:
        # Several values are JSON Lines, which json.loads does not know.
        assert several or (found.error is None) is valid, (changed, found)


def test_an_object_alone_is_no_table_and_a_bracket_makes_no_json() -> None:
    assert (look(b'{"a": {"b": 1}}').rows, look(b'{"a": 1}').content_type) == (
        None,
        "application/json",
    )
    log = look(b"[12:00] started\n[12:01] done\n", "server.log")
    assert (log.content_type, log.error, log.lines) == ("text/plain", None, 2)
    assert str(look(b"[12:00]", "x.json").error).startswith("it is no JSON at character 3")
    assert "deep" in str(look(b"[" * 5000, "x.json").error)


@pytest.mark.parametrize(
    ("name", "columns", "rows"), [("nested.parquet", 3, 1000), ("empty.parquet", 1, 0)]
)
def test_parquet(name: str, columns: int, rows: int) -> None:
    found = look((FILES / name).read_bytes())
    assert (found.content_type, found.columns, found.rows, found.error) == (
        "application/vnd.apache.parquet",
        columns,
        rows,
        None,
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
@settings(deadline=None, max_examples=25)
@given(width=st.integers(1, 400), height=st.integers(1, 400), dated=st.booleans())
def test_a_picture_has_the_size_that_pillow_gave_it(
    kind: str, width: int, height: int, dated: bool
) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    dated = dated and kind not in ("GIF", "BMP")
    if dated:
        exif[0x0132] = "2014:11:12 09:30:00"
        exif.get_ifd(0x8769)[0x9003] = "2014:11:11 08:00:01"
    Image.new("RGB", (width, height)).save(out, kind, exif=exif)
    found = look(out.getvalue())
    assert (found.content_type, found.error) == (f"image/{kind.lower()}", None)
    assert (found.width, found.height) == (width, height)
    # In a TIFF, Pillow writes the time of the file, and not what a camera would add.
    taken = "2014-11-12T09:30:00" if kind == "TIFF" else "2014-11-11T08:00:01"
    assert found.taken == (taken if dated else None)


def test_lossless_webp() -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 17)).save(out, "WEBP", lossless=True)
    found = look(out.getvalue())
    assert (found.width, found.height) == (300, 17)


def test_no_pixel_of_a_decompression_bomb_is_looked_at() -> None:
    out = io.BytesIO()
    Image.new("1", (1, 1)).save(out, "PNG")
    bomb = bytearray(out.getvalue())
    bomb[16:24] = (2**31 - 1).to_bytes(4, "big") * 2
    source = BytesSource(bytes(bomb))
    assert look(bytes(bomb)).width == 2**31 - 1
    assert source.read_at < 1000


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_archives_are_named_and_never_unpacked() -> None:
    assert look(zipped("a.txt", b"x")).content_type == "application/zip"
    assert str(look(zipped("word/document.xml", b"x")).content_type).endswith("document")
    assert look(gzip.compress(b"a,b\n" * 99), "x.csv.gz").content_type == "application/gzip"
    assert look(zipped("a.txt", b"x")).error is None
    assert "cut off" in str(look(zipped("a.txt", b"x" * 99)[:50]).error)


def test_a_zip_bomb_is_an_error() -> None:
    bomb = bytearray(zipped("a", bytes(10_000)))
    entry = bomb.rindex(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = (len(bomb) * MAX_RATIO + 1).to_bytes(4, "little")
    found = look(bytes(bomb))
    assert str(found.error).startswith("a zip bomb: ")
    assert found.sha256


def test_the_samples() -> None:
    def sample(name: str) -> tuple[object, ...]:
        found = look((SAMPLES / name).read_bytes(), name)
        assert found.error is None
        return found.content_type, found.columns, found.rows, found.width

    assert sample("photos/2014/sunrise.png")[0] == "image/png"
    assert sample("data/announcements.csv")[0] == "text/csv"
    assert sample("data/events.jsonl")[0] == "application/x-ndjson"
    assert sample("data/settings.json")[0] == "application/json"
    assert sample("reports/status.html")[0] == "text/html"
