"""The command that compares catalog and buckets."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import typer
from botocore.exceptions import ClientError

from reinventure.aws import deployed_catalog
from reinventure.aws.connection import explain, session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import chosen_buckets, difference_output
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED
from reinventure.progress import Steps
from reinventure.values import EVERYWHERE
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Difference, Kind, difference


@dataclass(slots=True)
class Comparison:
    """The numbers of keys `compared`, and of differences by kind."""

    compared: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)

    @property
    def equal(self) -> bool:
        """Whether there are no differences."""
        return not self.kinds.total()

    def add(self, other: "Comparison") -> None:
        """Add the numbers of `other`."""
        self.compared += other.compared
        self.kinds += other.kinds

    def __str__(self) -> str:
        implausible = self.kinds[Kind.IMPLAUSIBLE]
        differ = self.kinds.total() - implausible
        wrong = [f"{differ:,} DIFFER"] if differ else []
        wrong += [f"{implausible:,} IMPLAUSIBLE"] if implausible else []
        return f"{', '.join(wrong) or 'EQUAL'}: {self.compared:,} keys compared"


def verify(
    place: Prefix = EVERYWHERE,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare the catalog with the bucket's own listing, and print every difference.

    Without PREFIX, all buckets of the catalog are compared: a line each, and then their sum.

    missing: the object has no row. stale: size, ETag or version of object and row differ, or a
    storage class or restore state that the row has. ghost: the row has no object. implausible: the
    row's sequencer is not of a moment between 2006 and now, so its event was forged; the content
    may be right.

    Changes neither buckets nor rows. Of a whole bucket that is EQUAL the time is kept, which
    `reinventure buckets` shows; without permission for that, stderr says so. An event that is still
    on its way shows as a difference. Exits with 1 if there are differences; `reinventure repair`
    corrects them. A bucket that is gone or forbidden is an error, after the others are compared.

    For example:

        reinventure verify
        reinventure verify photos/ --json
        reinventure verify s3://photos-prod/holiday/
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    chosen = chosen_buckets.by_place(catalog, place)
    several = len(chosen) > 1
    out = sys.stderr if json else sys.stdout
    sum_ = Comparison()
    failures = chosen_buckets.Failures(chosen)
    with Steps() as steps:
        for number, each in enumerate(chosen, 1):
            url = f"s3://{each.bucket}/"
            end = chosen_buckets.ordinal(number, len(chosen))
            steps.begin(f"Comparing {url}{place.key} with its catalog{end}")

            def show(found: Difference, of: DeployedCatalog = each) -> None:
                if json:
                    print(difference_output.difference_json(found, of.bucket))
                else:
                    print(difference_output.difference_line(found, of.bucket if several else None))

            began = utc_now()
            with failures.of(each.bucket):
                result = compare(each, place.key, steps, show)
                if several:
                    print(f"{url}: {result}.", file=out)
                if result.equal and not place.key:
                    record_equal(each, began)
                sum_.add(result)
    failures.check()
    print(f"{sum_}{f' in {len(chosen):,} buckets' if several else ''}.", file=out)
    raise typer.Exit(0 if sum_.equal else EXIT_CHECK_FAILED)


def compare(
    catalog: DeployedCatalog, prefix: str, steps: Steps, show: Callable[[Difference], None]
) -> Comparison:
    """Compare the keys under `prefix` of the bucket of `catalog`, and `show` each difference.

    Each key counts as a part of the current step of `steps`. Raises botocore's ClientError or
    BotoCoreError.
    """
    result = Comparison()
    for thing, row in steps.each(catalog.compared(prefix)):
        result.compared += 1
        if found := difference(thing, row, utc_now()):
            result.kinds[found.kind] += 1
            show(found)
    return result


def record_equal(catalog: DeployedCatalog, began: datetime) -> None:
    """Record that the whole bucket of `catalog` was found equal by a comparison that `began` then.

    Those who may only read can compare, too: if AWS refuses the write, a line on stderr has why.
    """
    try:
        catalog.last_verified().record(catalog.bucket, began)
    except ClientError as error:
        reason = explain(error)
        print(f"`reinventure buckets` will not show this comparison: {reason}", file=sys.stderr)
