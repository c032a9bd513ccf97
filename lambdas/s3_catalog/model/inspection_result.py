"""What was found inside an object, as its row holds it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """What one version of an object contains. None stands for what does not apply to it.

    `inspected_at` is UTC as ISO 8601 text. `sha256` is of all bytes, hexadecimal. `content_type`
    is what the bytes say, whatever the uploader said. `encoding` and `lines` are of text. `rows`
    counts the records of a table, a CSV's header too, and `columns` the fields of a record.
    `width` and `height` are pixels, `taken` is when a camera says that a picture was taken, ISO
    8601 without a zone. `error` says why something that belongs here is missing.
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
