"""Inspect the object of a row, and add the result to the row."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from s3_catalog.exceptions import ArchivedError, ContendedError, GoneError
from s3_catalog.inspection.inspect_content import inspect_content
from s3_catalog.inspection.read_ahead import ReadAhead
from s3_catalog.inspection.stored_bytes import StoredBytes
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.timestamps import timestamp, utc_now

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from s3_catalog.model.row import Row
    from s3_catalog.table.store import Store

MAX_ATTEMPTS = 3
"""Inspections of one object, when its row changes meanwhile."""


class Result(Enum):
    """Result of an inspection request."""

    RECORDED = "recorded"
    """The object was inspected, and its row has the result."""

    ALREADY_RECORDED = "already recorded"
    """The row already has the result for this version: nothing to do."""

    GONE = "gone"
    """The object was deleted, or replaced by a version whose event has not reached the row yet."""

    TOO_LARGE = "too large"
    """The object is larger than `max_bytes`; the worker inspects it."""


def inspect_object(
    store: "Store",
    s3: "S3Client",
    bucket: str,
    key: str,
    check_deadline: Callable[[], None],
    *,
    max_bytes: int | None = None,
    scratch: Path | None = None,
) -> Result:
    """Inspect the version of `key` that its row has, and record the result in the row.

    The version in the row counts, whichever version the request is about: a request for a later one
    follows, and finds its result already recorded. A larger object than `max_bytes` is left alone.
    `scratch` is the folder for read-ahead; without it, there is none. `check_deadline` is as for
    `inspect_content`.

    Idempotent. Raises ContendedError, botocore's ClientError or BotoCoreError, and OSError when
    `scratch` cannot be written.
    """
    for _ in range(MAX_ATTEMPTS):
        row = store.read(bucket, key)
        if row is None or row.deleted:
            return Result.GONE
        if row.inspected:
            return Result.ALREADY_RECORDED
        if max_bytes is not None and (row.size or 0) > max_bytes:
            return Result.TOO_LARGE
        try:
            found = _inspect_version(s3, row, check_deadline, scratch)
        except GoneError:
            return Result.GONE
        if store.record(row, found):
            return Result.RECORDED
    raise ContendedError(f"the row of {key!r} changed during each of {MAX_ATTEMPTS} inspections")


def _inspect_version(
    s3: "S3Client", row: "Row", check_deadline: Callable[[], None], scratch: Path | None
) -> InspectionResult:
    now = timestamp(utc_now())
    stored = StoredBytes(s3, row)
    source = ReadAhead(stored, scratch) if scratch else stored
    try:
        return inspect_content(source, row.key, now, check_deadline)
    except ArchivedError:
        return InspectionResult(inspected_at=now, error="archived: it must be restored first")
