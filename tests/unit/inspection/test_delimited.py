"""Columns and rows of CSV and TSV: dialects, line ends, and blocks of any size."""

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.formats.delimited import RecordCounter
from tests.unit.inspection.bytes_source import inspect_bytes


def counted(text: str, name: str = "t.csv", chunk: int = 2**20) -> tuple[object, ...]:
    found = inspect_bytes(text.encode(), name, chunk)
    return found.columns, found.rows, found.error


def read_by_csv(text: str) -> tuple[int, int] | str:
    """Return columns and rows by the standard library, or the error."""
    columns = rows = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), strict=True):
            if record:
                rows += 1
                columns = columns or len(record)
    except csv.Error as invalid:
        return f"record {rows + 1}: {invalid}"
    return columns, rows


@given(st.text('a",\n', max_size=30), st.integers(1, 40))
def test_a_csv_is_counted_as_the_standard_library_reads_it(text: str, chunk: int) -> None:
    expected = read_by_csv(text)
    if text:
        assert counted(text, chunk=chunk) == (
            (None, None, expected) if isinstance(expected, str) else (*expected, None)
        )


parts = st.sampled_from(
    ["a", "é", "東", ",", "\n", "\n", "\r", "\r\n", '"', '""', '"a"', '"a,\n\nb"', '"""",']
)


@example(["a,b\n", '\n"a",""\n'])  # An empty line first, then quotes.
@example(["a,b\r", '\n"a","\n', '\n"\n'])  # A line end and a field over two pieces.
@given(st.lists(st.lists(parts, max_size=12).map("".join), max_size=6))
def test_pieces_of_a_csv_are_counted_as_the_standard_library_reads_them(pieces: list[str]) -> None:
    assert fed(pieces, tabs=False) == read_by_csv("".join(pieces))


def fed(pieces: Iterable[str], *, tabs: bool) -> tuple[int, int] | str:
    """Return columns and rows of a text in `pieces`, or the error."""
    counter = RecordCounter(tabs=tabs)
    try:
        for piece in pieces:
            counter.feed(piece)
        return counter.finish()
    except BrokenError as error:
        return str(error)


def in_pieces(text: str, size: int, *, tabs: bool) -> tuple[int, int] | str:
    return fed((text[at : at + size] for at in range(0, len(text), size)), tabs=tabs)


@example(';\r"\\"\\\r"\r"', False)  # Broken without a backslash first, then with one, too.
@given(st.text('a"\\,\t;\n\r', max_size=40) | st.text('"\\\t\n', max_size=40), st.booleans())
def test_the_size_of_the_pieces_does_not_matter(text: str, tabs: bool) -> None:
    whole = in_pieces(text, 2**20, tabs=tabs)
    assert in_pieces(text, 1, tabs=tabs) == whole
    assert in_pieces(text, 3, tabs=tabs) == whole


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(st.lists(st.lists(st.text('ab,;\t|" ', max_size=6), min_size=3, max_size=3), min_size=1))
def test_the_rows_are_those_that_a_writer_wrote(
    delimiter: str, end: str, table: list[list[str]]
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *table])
    for chunk in (1, 5, 2**20):
        assert counted(out.getvalue(), chunk=chunk) == (3, len(table) + 1, None)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("a,b\r\n1,2\r3,4\n5,6", 2, 4),  # mixed line ends
        ("a,b\r\r\n1,2\r\r\n", 2, 2),  # a CR too many
        ("a;b\r1;2\r", 2, 2),
        ('a,"b\r\nc"\r\n1,2\r\n', 2, 2),
        ("\r\n\r\na,b\r\n", 2, 1),
        ("\n  \n\na;b;c\n1;2;3\n", 3, 2),
        ("a,b\n\n\n1,2\n\n", 2, 2),
        ('"a,1";"b,2";"c,3"\n', 3, 1),
        ('"a;1","b;2"\n', 2, 1),
        ('"x\ny\nz";b;"c,d,e,f"\n1;2;3\n', 3, 2),  # the first record spans lines
        ('"a""b;c;d",e\n', 2, 1),
        ('a,5" pipe,b\n1,6" pipe,c\n', 3, 2),  # a quote within a field is a character
        ('a,b\n5" pipe,"x, y"\n"z",""\n', 2, 3),
        ('""\n""\n', 1, 2),
        ('a,b\n1,"C:\\dir\\"\n2,"C:\\dir\\"\n', 2, 3),  # valid without escapes
        ('a,b\n1,"say \\"hi\\", now"\n2,"\\"\n\\""\n', 2, 3),
        ('a,b\n1,"x\\\\"\n2,"say \\"hi\\" now"\n', 2, 3),
        ('"a\\"b","c,d"\n1,2\n', 2, 2),
        ('a,b\n1,"x\\\ny \\"z"\n', 2, 2),  # an escaped line end
    ],
)
@pytest.mark.parametrize("chunk", [1, 4, 2**20])
def test_records_of_a_csv(text: str, columns: int, rows: int, chunk: int) -> None:
    assert counted(text, chunk=chunk) == (columns, rows, None)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ('id\tname\n1\t"Wake\n2\tb\n', 2, 3),
        ('id\tname\n1\t"Wake" up\n2\tb\n', 2, 3),
        ('id\tname\n1\t"Wake\n2\tup"\n3\tb\n', 2, 4),  # each line is a whole record
        ('id\tname\n1\t"two\nlines"\n2\tb\n', 2, 3),  # they are not: quotes
        ('id\tname\n1\t"a tab\there"\n', 2, 2),
        ('"a tab\there"\tname\n1\tb\n', 2, 2),
        ('"id\tname\n1\tb\n', 2, 2),
        ("id, no\tname, age, size\n1\tb\n", 2, 2),  # more commas than tabs
        ("id,name,age\n1,2,3\n", 3, 2),  # no tab at all
        ('id\tname\n1\t"say \\"a\nb\\" now"\n', 2, 2),
        ("id\tname\r1\tb\r", 2, 2),
        ("\t\n1\t2\n", 2, 2),
    ],
)
@pytest.mark.parametrize("chunk", [1, 4, 2**20])
def test_records_of_a_tsv(text: str, columns: int, rows: int, chunk: int) -> None:
    assert counted(text, "t.tsv", chunk) == (columns, rows, None)


@pytest.mark.parametrize(
    "text", ['a,b\n1,"x\n', 'a,b\n1,"x"y\n', 'a,b\n1,"x\\"y\n', 'a,b\n1,"x\\"y"z\n2,3\n']
)
def test_a_csv_that_is_invalid_in_each_dialect_is_an_error(text: str) -> None:
    columns, rows, error = counted(text)
    assert (columns, rows) == (None, None)
    assert str(error).startswith("record 2: ")


def test_a_field_may_have_as_many_characters_as_a_line_and_more_over_lines() -> None:
    quoted = '"' + "x" * (2**20 - 4) + '"'
    assert counted(f"a,b\n1,{quoted}\n") == (2, 2, None)
    assert counted("a,b\n1,x" + "y" * (2**20 - 3) + "\n") == (2, 2, None)
    lines = '"' + "x, y\n" * 500_000 + '"'
    assert counted(f"a,b\n1,{lines}\n2,3\n") == (2, 3, None)


def test_a_first_record_over_many_lines_has_at_most_1_mib() -> None:
    fits = '"' + "x\n" * (2**19 - 10) + '",b\n1,2\n'
    assert counted(fits) == (2, 2, None)
    assert counted('"' + "x\n" * 2**19 + '",b\n1,2\n')[2] == (
        "the first record is longer than 1,048,576 characters"
    )
