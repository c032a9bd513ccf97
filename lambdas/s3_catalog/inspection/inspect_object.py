"""Looking inside the object that a row is of, and adding what was found to the row."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from s3_catalog.correction import ContendedError
from s3_catalog.inspection.inspect_content import inspect
from s3_catalog.inspection.read_ahead import ReadAhead
from s3_catalog.inspection.stored_bytes import ArchivedError, GoneError, StoredBytes
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.timestamps import timestamp, utc_now

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from s3_catalog.model.row import Row
    from s3_catalog.table.store import Store

ATTEMPTS = 3
"""How often to look again when the row has changed meanwhile."""


class Result(Enum):
    """What became of the wish to look inside an object."""

    RECORDED = "recorded"
    """The row now says what the object contains."""

    KNOWN = "known"
    """The row said so already."""

    GONE = "gone"
    """The object does not exist any more, or its next version has not reached the row yet."""

    TOO_LARGE = "too large"
    """It is for somebody who has more time."""


def examine(
    store: "Store",
    s3: "S3Client",
    bucket: str,
    key: str,
    tick: Callable[[], None],
    *,
    most: int | None = None,
    scratch: Path | None = None,
) -> Result:
    """Look inside the object that the row of `key` is of, and record what was found.

    Whatever version made us look: the row's is the one to know. If it is a later one, its own
    message will find it known. `most` is the largest size to look at, in bytes. `scratch` is a
    folder to read ahead into, if there is one. What `tick` does is said at `inspect`.

    Raises ContendedError, botocore's ClientError or BotoCoreError, or OSError when `scratch` cannot
    be written; looking again is safe.
    """
    for _ in range(ATTEMPTS):
        row = store.read(bucket, key)
        if row is None or row.deleted:
            return Result.GONE
        if row.inspected:
            return Result.KNOWN
        if most is not None and (row.size or 0) > most:
            return Result.TOO_LARGE
        try:
            found = _look(s3, row, tick, scratch)
        except GoneError:
            return Result.GONE
        if store.record(row, found):
            return Result.RECORDED
    raise ContendedError(f"the row of {key!r} changed {ATTEMPTS} times while it was looked at")


def _look(
    s3: "S3Client", row: "Row", tick: Callable[[], None], scratch: Path | None
) -> InspectionResult:
    now = timestamp(utc_now())
    stored = StoredBytes(s3, row)
    source = ReadAhead(stored, scratch) if scratch else stored
    try:
        return inspect(source, row.key, now, tick)
    except ArchivedError:
        return InspectionResult(inspected_at=now, error="it is archived, and cannot be read")
