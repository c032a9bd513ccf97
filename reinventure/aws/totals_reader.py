"""Totals as they are asked for: read where they are kept, counted from the rows elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from reinventure import reporting
from s3_catalog.model.timestamps import utc_now
from s3_catalog.totals.counted_until import counted_until
from s3_catalog.totals.tally import Total, level, sums

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog


@dataclass(frozen=True, slots=True)
class Totals(Total):
    """The total of `folder`, and those of the `folders` in it, in key order.

    Without a slash at its end, `folder` is a prefix. `counted_until` is the time, in UTC, up to
    which every change is included, and None if the rows themselves were read and counted.
    """

    folders: tuple[Total, ...]
    counted_until: datetime | None


def are_kept(catalog: "DeployedCatalog", prefix: str, depth: int) -> bool:
    """Return whether there are totals of `prefix`, and of `depth` levels of folders in it."""
    totals = catalog.totals()
    return totals.counts(prefix) and level(prefix) + depth <= totals.depth


def of_folder(
    catalog: "DeployedCatalog", prefix: str, depth: int, report: Callable[[int], object]
) -> Totals:
    """Return the totals of `prefix` in the bucket of `catalog`, with `depth` levels of folders.

    Where no totals are kept, reads the rows, and calls `report` while it does. Raises botocore's
    ClientError or BotoCoreError.
    """
    if not are_kept(catalog, prefix, depth):
        whole, found = sums(reporting.each(catalog.rows(prefix), report), prefix, depth)
        return Totals(whole.folder, whole.objects, whole.bytes, tuple(found), None)
    until = _counted_until(catalog)
    totals = catalog.totals()
    folders = tuple(totals.below(catalog.bucket, prefix, depth))
    whole = totals.total(catalog.bucket, prefix)
    return Totals(whole.folder, whole.objects, whole.bytes, folders, until)


def of_buckets(catalog: "DeployedCatalog") -> Totals:
    """Return the totals of all buckets, with a URL as the folder, and their sum.

    Raises botocore's ClientError or BotoCoreError.
    """
    until = _counted_until(catalog)
    totals = catalog.totals()
    found = [totals.total(bucket, "") for bucket in catalog.scope.buckets]
    folders = tuple(
        Total(f"s3://{bucket}/", each.objects, each.bytes)
        for bucket, each in zip(catalog.scope.buckets, found, strict=True)
    )
    objects, bytes_ = sum(each.objects for each in found), sum(each.bytes for each in found)
    return Totals("s3://", objects, bytes_, folders, until)


def _counted_until(catalog: "DeployedCatalog") -> datetime:
    """Return the time up to which all changes are in totals that are read from now."""
    now = utc_now()
    checkpoints = catalog.totals().checkpoints().values()
    return counted_until(checkpoints, catalog.outputs.totals_window, now)
