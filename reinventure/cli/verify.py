"""The command that compares catalog and buckets."""

import sys
from collections import Counter
from datetime import datetime

import typer
from botocore.exceptions import ClientError

import reinventure
from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import chosen_buckets, difference_output
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED
from reinventure.progress import Steps
from reinventure.values import EVERYWHERE, Place
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Kind


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
    catalog = reinventure.open(stack, profile=profile, region=region)
    chosen = chosen_buckets.by_place(catalog.deployed, place)
    several = len(chosen) > 1
    out = sys.stderr if json else sys.stdout
    show = difference_output.difference_line
    if several:
        show = difference_output.difference_line_of_bucket
    if json:
        show = difference_output.difference_json
    compared, kinds = 0, Counter[Kind]()
    failures = chosen_buckets.Failures(chosen)
    with Steps() as steps:
        for number, each in enumerate(chosen, 1):
            where = str(Place(each.bucket, place.key))
            end = chosen_buckets.ordinal(number, len(chosen))
            steps.begin(f"Comparing {where} with its catalog{end}")
            began = utc_now()
            with failures.of(each.bucket):
                comparison = catalog.verify(where, progress=steps.advance)
                for found in comparison:
                    print(show(found))
                if several:
                    result = _result(comparison.compared, comparison.kinds)
                    print(f"s3://{each.bucket}/: {result}.", file=out)
                if comparison.equal and not place.key:
                    record_equal(each, began)
                compared += comparison.compared
                kinds += comparison.kinds
    failures.check()
    in_buckets = f" in {len(chosen):,} buckets" if several else ""
    print(f"{_result(compared, kinds)}{in_buckets}.", file=out)
    raise typer.Exit(EXIT_CHECK_FAILED if kinds else 0)


def _result(compared: int, kinds: Counter[Kind]) -> str:
    implausible = kinds[Kind.IMPLAUSIBLE]
    differ = kinds.total() - implausible
    wrong = [f"{differ:,} DIFFER"] if differ else []
    wrong += [f"{implausible:,} IMPLAUSIBLE"] if implausible else []
    return f"{', '.join(wrong) or 'EQUAL'}: {compared:,} keys compared"


def record_equal(catalog: DeployedCatalog, began: datetime) -> None:
    """Record that the whole bucket of `catalog` was found equal by a comparison that `began` then.

    Those who may only read can compare, too: if AWS refuses the write, a line on stderr has why.
    """
    try:
        catalog.last_verified().record(catalog.bucket, began)
    except ClientError as error:
        reason = explain(error)
        print(f"`reinventure buckets` will not show this comparison: {reason}", file=sys.stderr)
