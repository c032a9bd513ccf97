"""A smoke test of a deployed catalog: one object is put and deleted, and its row follows."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from reinventure.contract import SMOKE_TEST_PREFIX
from reinventure.errors import LateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reinventure.aws.deployed_catalog import DeployedCatalog
    from s3_catalog.model.row import Row

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Smoke:
    """The seconds from the put of `key` to its row, and from its delete to the tombstone."""

    key: str
    row_seconds: float
    tombstone_seconds: float


def smoke(catalog: "DeployedCatalog", patience: float) -> Smoke:
    """Put an object, wait for its row, delete the object, and wait for the tombstone.

    Deletes every version of the object in the end. Raises LateError when a row takes longer than
    `patience` seconds, and botocore's ClientError or BotoCoreError.
    """
    key = f"{SMOKE_TEST_PREFIX}{uuid4()}"
    body = b"smoke"
    try:
        put = catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
        etag, size = put["ETag"].strip('"'), len(body)

        # Without the version: the emulator's events of EventBridge have none.
        def arrived(row: "Row | None") -> bool:
            return row is not None and (row.etag, row.size) == (etag, size)

        row_seconds = _wait(catalog, key, arrived, "row", patience)
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
        tombstone_seconds = _wait(
            catalog, key, lambda row: row is not None and row.deleted, "tombstone", patience
        )
    finally:
        for each in catalog.stored().versions(key, 10):
            catalog.s3.delete_object(Bucket=catalog.bucket, Key=key, VersionId=each.version_id)
    return Smoke(key, row_seconds, tombstone_seconds)


def _wait(
    catalog: "DeployedCatalog",
    key: str,
    arrived: "Callable[[Row | None], bool]",
    what: str,
    patience: float,
) -> float:
    """Return the seconds until the row of `key` had `arrived`."""
    store = catalog.store()
    start = time.monotonic()
    while not arrived(row := store.read(catalog.bucket, key)):
        if time.monotonic() > start + patience:
            raise LateError(
                f"no {what} of {key} in table {catalog.table} after {patience:.0f} s, but {row}. "
                "`reinventure failed` lists the events that could not be catalogued"
            )
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - start
