"""The encoding of a text is that of all of its bytes; control characters may be in it."""

import pytest

from tests.unit.inspection.bytes_source import inspect_bytes

ACCENT = "Müller\n".encode("latin-1")
CUT = "é".encode()[:1]


@pytest.mark.parametrize("before", [0, 100, 4095, 4096, 4097, 100_000, 2**20 - 2, 2**20, 2**21])
@pytest.mark.parametrize("late", [ACCENT, CUT])
def test_an_accent_of_an_older_encoding_counts_wherever_it_is(before: int, late: bytes) -> None:
    content = b"a" * before + b"\n" + late
    for chunk in (1000, 2**20):
        found = inspect_bytes(content, "notes.txt", chunk)
        assert (found.content_type, found.encoding, found.error) == (
            "text/plain",
            "unknown-8bit",
            None,
        )
        assert found.lines == 2


def test_the_table_of_a_text_whose_encoding_changes_is_not_counted() -> None:
    early = b"id,name\n1," + ACCENT + b"2,x\n" * 2000
    found = inspect_bytes(early, "t.csv")
    assert (found.encoding, found.columns, found.rows) == ("unknown-8bit", 2, 2002)
    late = b"id,name\n" + "1,é\n".encode() * 2000 + b"1," + ACCENT
    for name, kind in (("t.csv", "text/csv"), ("t.tsv", "text/tab-separated-values")):
        found = inspect_bytes(late, name)
        assert (found.content_type, found.encoding, found.lines) == (kind, "unknown-8bit", 2002)
        assert (found.columns, found.rows, found.error) == (None, None, None)


def test_a_text_with_a_byte_order_mark_is_in_that_encoding_or_broken() -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        found = inspect_bytes("a,é\n".encode(encoding) * 1000 + b"\xff", "t.csv")
        assert found.encoding is None
        assert str(found.error).startswith("invalid utf-")


@pytest.mark.parametrize("control", [b"\x00", b"\x01", b"\x1c", b"\x1a"])
@pytest.mark.parametrize("place", [0, 1, 5, 9, 50, 4094, 4096, 5000])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_a_control_character_does_not_make_a_table_binary(
    control: bytes, place: int, name: str
) -> None:
    delimiter = b"," if name == "t.csv" else b"\t"
    content = bytearray((b"id%bhost\n" % delimiter) * 700)
    content[place : place + 1] = control if content[place : place + 1].isalpha() else b"x" + control
    for chunk in (100, 2**20):
        found = inspect_bytes(bytes(content), name, chunk)
        assert (found.encoding, found.columns, found.rows) == ("ascii", 2, 700)


def test_a_small_table_and_a_log_may_have_a_control_character() -> None:
    assert inspect_bytes(b"a,b\x00\n", "t.csv").content_type == "text/csv"
    log = b"started\n" * 20 + b"\x07done\n"
    assert inspect_bytes(log, "server.log").content_type == "text/plain"


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t"])
def test_binary_content_stays_binary(name: str) -> None:
    for content in (bytes(range(256)), bytes(100), b"\x01\x02\x03\x04", b"a\0b\0c\0" * 100):
        assert inspect_bytes(content, name).content_type == "application/octet-stream"
    # The first bytes of an animation, which happen to be those of UTF-16.
    content = b"\xff\xfe\x00\xa3\x11\xaf\x0a\x00" + bytes(100)
    assert inspect_bytes(content, name).content_type == "application/octet-stream"


def test_at_most_one_byte_in_100_of_a_text_and_in_20_of_a_table_is_a_control_character() -> None:
    text = b"x" * 198 + b"\x01\x01"
    assert inspect_bytes(text).content_type == "text/plain"
    assert inspect_bytes(text[1:]).content_type == "application/octet-stream"
    table = b"x" * 38 + b"\x01\x01"
    assert inspect_bytes(table, "t.csv").content_type == "text/csv"
    assert inspect_bytes(table[1:], "t.csv").content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\rb\rc", None),
        (b"a\rb\r", None),
        (b"10 %\r20 %\r100 %\ndone\n", 2),
        (b"a\r\nb\r\n", 2),
        (b"a\nb\rc", 2),
    ],
)
def test_lines_end_with_line_feeds_and_are_absent_without_any(
    content: bytes, lines: int | None
) -> None:
    for chunk in (1, 2**20):
        assert inspect_bytes(content, "notes.txt", chunk).lines == lines


@pytest.mark.parametrize("name", ["t.csv", "t.json", "notes"])
@pytest.mark.parametrize("start", ["[a,b\n", '{"a": 1}\n{"b"', "a,b\n"])
def test_a_text_that_is_not_valid_in_its_encoding_has_one_error_for_any_chunks(
    name: str, start: str
) -> None:
    content = (start * 30).encode("utf-16") + b"\x00\xdc"
    whole = inspect_bytes(content, name)
    assert whole.error == "invalid utf-16-le: illegal encoding"
    assert (whole.columns, whole.rows, whole.lines) == (None, None, None)
    assert inspect_bytes(content, name, chunk=1) == whole
    assert inspect_bytes(content, name, chunk=100) == whole
