"""The buckets that a command works on, by its argument and its option --bucket."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from reinventure import values
from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.options import parser
from reinventure.errors import UserError
from reinventure.values import EVERY_BUCKET, EVERYWHERE, Place

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
    name or no such prefix, or if PREFIX has a bucket as well.
    """
    chosen = in_bucket(place, bucket)
    if bucket == EVERY_BUCKET:
        return every(catalog)
    return [catalog.choose(chosen.bucket, chosen.key)]


def in_bucket(place: Place, bucket: str | None) -> Place:
    """Return the place of a PREFIX in the `bucket` of the option --bucket; None of both is any.

    `EVERY_BUCKET` leaves the place as it is. Raises UserError if PREFIX has a bucket as well.
    """
    if bucket is not None and place.bucket is not None:
        raise UserError("--bucket with s3://: the URL has the bucket already")
    return place if bucket in (None, EVERY_BUCKET) else Place(bucket, place.key)


def by_place(catalog: DeployedCatalog, place: Place) -> list[DeployedCatalog]:
    """Return `catalog` with each bucket that a PREFIX chooses, all without one.

    Raises UserError if there are several for a PREFIX without a bucket, or if one has no such name
    or no such prefix.
    """
    return every(catalog) if place == EVERYWHERE else [catalog.choose(place.bucket, place.key)]


def every(catalog: DeployedCatalog) -> list[DeployedCatalog]:
    """Return `catalog` with each of its buckets, by name."""
    return [catalog.choose(name) for name in catalog.scope.buckets]


class Failures:
    """The failures of a command that works on the buckets of `chosen`, one after the other.

    One that is gone or forbidden stops no other: the error comes at the end. That of the only
    bucket is raised at once.
    """

    def __init__(self, chosen: Sequence[DeployedCatalog]) -> None:
        self._number = len(chosen)
        self._reasons: list[str] = []

    @contextmanager
    def of(self, bucket: str) -> Iterator[None]:
        """Keep an error of AWS or of a user that ends the work on `bucket`."""
        try:
            yield
        except (ClientError, UserError) as error:
            if self._number == 1:
                raise
            reason = explain(error) if isinstance(error, ClientError) else error
            self._reasons.append(f"s3://{bucket}/: {reason}")

    def check(self) -> None:
        """Raise UserError if there was a failure: the message has each."""
        if self._reasons:
            raise UserError(
                f"{len(self._reasons):,} of {self._number:,} buckets failed. "
                f"{'; '.join(self._reasons)}"
            )


def ordinal(number: int, all_: int) -> str:
    """Return the end of a line of progress about bucket `number` of `all_`; "" for the only one."""
    return f" (bucket {number:,} of {all_:,})" if all_ > 1 else ""
