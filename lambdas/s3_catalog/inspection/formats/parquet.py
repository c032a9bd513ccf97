"""Columns and rows of a Parquet file, from its footer: a Thrift structure at the end of the file.

One page of code, instead of 170 MB of pyarrow: the schema and the number of rows are the first
fields of the footer, whatever the size of the file. The source of the format is parquet.thrift in
apache/parquet-format.
"""

from s3_catalog.exceptions import BrokenError
from s3_catalog.inspection.source import Source, tail

_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_FIRST_FIELD = b"\x15"
_END = 8
_MAX_FOOTER = 8 * 2**20
"""Bytes of the footer that are read. The schema comes first, and has some 50 bytes a column."""

_MAX_DEPTH = 32

# The types of Thrift's compact protocol.
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_SCHEMA, _NUM_ROWS, _NUM_CHILDREN = 2, 3, 5


def is_parquet(head: bytes, source: Source) -> bool:
    """Return whether content that begins with Parquet's signature is Parquet, and no text.

    Its end has the length of the footer and the signature again. If it is truncated, a structure of
    Thrift shows it, whose first field is of 32 bits, or the length of an encrypted one.
    """
    ending = tail(source, _END)
    length = int.from_bytes(ending[:4], "little")
    whole = ending[4:] in (_MAGIC, _ENCRYPTED) and length + _END <= source.size
    return whole or head[4:5] == _FIRST_FIELD or b"\0" in head[4:8]


def read_footer(source: Source) -> tuple[int, int]:
    """Return the numbers of columns and rows in the footer; a nested column counts as one.

    Raises BrokenError when there is no footer, or it is invalid.
    """
    ending = tail(source, _END)
    if ending[4:] == _ENCRYPTED:
        raise BrokenError("the footer is encrypted")
    if ending[4:] != _MAGIC:
        raise BrokenError("no footer: the file is truncated or unfinished")
    length = int.from_bytes(ending[:4], "little")
    if length + _END > source.size:
        raise BrokenError("the footer is longer than the file")
    start = source.size - _END - length
    footer = _Compact(source.at(start, min(length, _MAX_FOOTER)))
    try:
        return footer.metadata()
    except IndexError as error:
        raise BrokenError("the footer is truncated") from error


class _Compact:
    """A reader of Thrift's compact protocol; raises IndexError at the end of the data."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def metadata(self) -> tuple[int, int]:
        columns = rows = None
        field = 0
        while columns is None or rows is None:
            field, kind = self._field(field)
            if kind == 0:
                raise BrokenError("the footer has no schema or no number of rows")
            if field == _SCHEMA and kind == _LIST:
                columns = self._schema()
            elif field == _NUM_ROWS and kind == _I64:
                rows = self._integer()
            else:
                self._skip(kind, 0)
        if columns < 0 or rows < 0:
            raise BrokenError(f"invalid footer: {columns} columns and {rows} rows")
        return columns, rows

    def _schema(self) -> int:
        """Return the number of children of the first element, the root."""
        count, kind = self._list()
        if count < 1 or kind != _STRUCT:
            raise BrokenError("the schema is empty")
        columns, field = 0, 0
        while True:
            field, inner = self._field(field)
            if inner == 0:
                break
            if field == _NUM_CHILDREN and inner == _I32:
                columns = self._integer()
            else:
                self._skip(inner, 0)
        for _ in range(count - 1):
            self._skip(_STRUCT, 0)
        return columns

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7
            if shift > 63:  # noqa: PLR2004 (64 bits)
                raise BrokenError("the footer has a number of more than 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _field(self, last: int) -> tuple[int, int]:
        """Return number and type of the next field after field `last`; the type is 0 at the end."""
        header = self._byte()
        kind, delta = header & 15, header >> 4
        if kind == 0:
            return last, 0
        return (last + delta if delta else self._integer()), kind

    def _list(self) -> tuple[int, int]:
        header = self._byte()
        count = header >> 4
        return (self._varint() if count == 15 else count), header & 15  # noqa: PLR2004 (all bits)

    def _skip(self, kind: int, depth: int, *, in_list: bool = False) -> None:
        if depth > _MAX_DEPTH:
            raise BrokenError("the footer is nested too deeply")
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            # The type of a boolean field is its value; in a list, it takes a byte.
            self._at += {_BYTE: 1, _DOUBLE: 8}.get(kind, int(in_list))
        elif kind in (_I16, _I32, _I64):
            self._varint()
        elif kind == _BINARY:
            length = self._varint()
            self._at += length
        elif kind in (_LIST, _SET):
            count, inner = self._list()
            for _ in range(count):
                # A list may claim 2**63 elements; each takes a byte at least.
                self._require_byte()
                self._skip(inner, depth + 1, in_list=True)
        elif kind == _STRUCT:
            self._skip_fields(depth)
        else:
            raise BrokenError(f"the footer has a field of unknown type {kind}")

    def _skip_fields(self, depth: int) -> None:
        field = 0
        while True:
            field, kind = self._field(field)
            if kind == 0:
                return
            self._skip(kind, depth + 1)

    def _require_byte(self) -> None:
        if self._at >= len(self._data):
            raise IndexError
