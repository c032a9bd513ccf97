"""The result of a content inspection, as part of a row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """The content of one version of an object. None where a field does not apply to its type.

    `inspected_at` is UTC as ISO 8601 text. `sha256` is of all bytes, hexadecimal. `content_type`
    follows from the bytes, not from the type that the uploader set. `encoding` and `lines` are of
    text; `lines` is None where lines end with carriage returns alone. `rows` counts the records of
    a table, including a CSV's header, and `columns` the fields of a record. `width` and `height`
    are pixels; `taken` is the time in a camera's picture, as ISO 8601 text without a time zone.
    `error` is the reason why fields that apply are None.
    """

    inspected_at: str
    sha256: str | None = None
    content_type: str | None = None
    encoding: str | None = None
    lines: int | None = None
    columns: int | None = None
    rows: int | None = None
    width: int | None = None
    height: int | None = None
    taken: str | None = None
    error: str | None = None
