"""A smoke test of a deployed catalog: one object comes and goes, and its row with it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    from reinventure.aws.deployed_catalog import DeployedCatalog
    from s3_catalog.model.row import Row

PREFIX = ".reinventure/smoke/"
"""Where the objects of smoke tests are, for as long as they are."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Smoke:
    """The object at `key` came and went. `came` and `went`: seconds until its row said so."""

    key: str
    came: float
    went: float


class LateError(Exception):
    """The catalog did not say in time what the bucket holds; the message says what is missing."""


def smoke(catalog: "DeployedCatalog", patience: float) -> Smoke:
    """Put an object, wait for its row, delete it, and wait for the row to say so.

    Every version of it is removed in the end. Raises LateError when a row takes longer than
    `patience` seconds.
    """
    key = f"{PREFIX}{uuid4()}"
    body = b"smoke"
    try:
        put = catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
        version, size = put.get("VersionId"), len(body)

        def here(row: "Row | None") -> bool:
            return row is not None and (row.version_id, row.size) == (version, size)

        came = _wait(catalog, key, here, "row", patience)
        catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
        went = _wait(
            catalog, key, lambda row: row is not None and row.deleted, "tombstone", patience
        )
    finally:
        for each in catalog.stored().versions(key, 10):
            catalog.s3.delete_object(Bucket=catalog.bucket, Key=key, VersionId=each.version_id)
    return Smoke(key, came, went)


def _wait(
    catalog: "DeployedCatalog",
    key: str,
    arrived: "Callable[[Row | None], bool]",
    what: str,
    patience: float,
) -> float:
    """Return after how many seconds the row of `key` had `arrived`."""
    store = catalog.store()
    start = time.monotonic()
    while not arrived(row := store.read(catalog.bucket, key)):
        if time.monotonic() > start + patience:
            raise LateError(
                f"no {what} of {key} in table {catalog.table} after {patience:.0f} s, but {row}. "
                "`reinventure failed` shows what could not be catalogued."
            )
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - start
