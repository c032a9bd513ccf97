"""The buckets that a command works on, by its argument and its option --bucket."""

from typing import Annotated

import typer

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import values
from reinventure.cli.options import parser
from reinventure.cli.values import EVERY_BUCKET, EVERYWHERE, Place
from reinventure.errors import UserError

BucketName = Annotated[
    str | None,
    typer.Option(
        "--bucket",
        metavar="BUCKET",
        parser=parser(values.bucket),
        help="Only objects of this bucket; '*' is every bucket of the catalog.",
    ),
]


def by_option(catalog: DeployedCatalog, place: Place, bucket: str | None) -> list[DeployedCatalog]:
    """Return `catalog` with each bucket that a PREFIX and the option --bucket choose.

    Without either it is the only bucket. Raises UserError if there are several, if one has no such
    name, or if PREFIX has a bucket as well.
    """
    if bucket is not None and place.bucket is not None:
        raise UserError("--bucket with s3://: the URL has the bucket already")
    if bucket == EVERY_BUCKET:
        return every(catalog)
    return [catalog.choose(place.bucket or bucket)]


def by_place(catalog: DeployedCatalog, place: Place) -> list[DeployedCatalog]:
    """Return `catalog` with each bucket that a PREFIX chooses, all without one.

    Raises UserError if there are several for a PREFIX without a bucket, or if one has no such name.
    """
    return every(catalog) if place == EVERYWHERE else [catalog.choose(place.bucket)]


def every(catalog: DeployedCatalog) -> list[DeployedCatalog]:
    """Return `catalog` with each of its buckets, by name."""
    return [catalog.choose(name) for name in catalog.scope.buckets]


def ordinal(number: int, all_: int) -> str:
    """Return the end of a line of progress about bucket `number` of `all_`; "" for the only one."""
    return f" (bucket {number:,} of {all_:,})" if all_ > 1 else ""
