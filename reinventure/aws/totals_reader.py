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
    until = _counted_until(catalog) if are_kept(catalog, prefix, depth) else None
    whole, folders = _sums(catalog, prefix, depth, report)
    return Totals(whole.folder, whole.objects, whole.bytes, tuple(folders), until)


def of_buckets_are_kept(catalog: "DeployedCatalog", depth: int) -> bool:
    """Return whether there are totals of `depth` levels, the first of which is the buckets."""
    return are_kept(catalog, "", max(0, depth - 1))


def of_buckets(catalog: "DeployedCatalog", depth: int, report: Callable[[int], object]) -> Totals:
    """Return the totals of all buckets and their sum, with URLs as folders.

    The buckets are the first of `depth` levels, and are there with a `depth` of 0 as well. Raises
    botocore's ClientError or BotoCoreError.
    """
    until = _counted_until(catalog) if of_buckets_are_kept(catalog, depth) else None
    objects = bytes_ = 0
    folders = []
    for bucket in catalog.scope.buckets:
        whole, below = _sums(catalog.choose(bucket), "", max(0, depth - 1), report)
        objects += whole.objects
        bytes_ += whole.bytes
        folders += [
            Total(f"s3://{bucket}/{each.folder}", each.objects, each.bytes)
            for each in (whole, *below)
        ]
    return Totals("s3://", objects, bytes_, tuple(folders), until)


def _sums(
    catalog: "DeployedCatalog", prefix: str, depth: int, report: Callable[[int], object]
) -> tuple[Total, list[Total]]:
    """Return the total of `prefix`, and those of the folders in it."""
    if not are_kept(catalog, prefix, depth):
        return sums(reporting.each(catalog.rows(prefix), report), prefix, depth)
    totals = catalog.totals()
    folders = list(totals.below(catalog.bucket, prefix, depth))
    return totals.total(catalog.bucket, prefix), folders


def _counted_until(catalog: "DeployedCatalog") -> datetime:
    """Return the time up to which all changes are in totals that are read from now."""
    now = utc_now()
    checkpoints = catalog.totals().checkpoints().values()
    return counted_until(checkpoints, catalog.outputs.totals_window, now)
