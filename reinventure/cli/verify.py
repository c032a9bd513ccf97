"""The command that compares catalog and bucket."""

import sys
from collections import Counter

import typer

from reinventure.aws import deployed_catalog
from reinventure.aws.connection import session
from reinventure.cli import difference_output
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.cli.values import EVERYWHERE
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Kind, difference


def verify(
    place: Prefix = EVERYWHERE,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare the catalog with the bucket's own listing, and print every difference.

    missing: the object has no row. stale: size, ETag or version of object and row differ, or a
    storage class or restore state that the row has. ghost: the row has no object. implausible: the
    row's sequencer is not of a moment between 2006 and now, so its event was forged; the content
    may be right.

    Changes nothing. An event that is still on its way shows as a difference. Exits with 1 if there
    are differences; `reinventure repair` corrects them.

    For example:

        reinventure verify
        reinventure verify photos/ --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack).choose(place.bucket)
    show = difference_output.difference_json if json else difference_output.difference_line
    compared, kinds = 0, Counter[Kind]()
    with Steps() as steps:
        steps.begin(f"Comparing s3://{catalog.bucket}/{place.key} with its catalog")
        for thing, row in steps.each(catalog.compared(place.key)):
            compared += 1
            found = difference(thing, row, utc_now())
            if found:
                kinds[found.kind] += 1
                print(show(found))
    implausible = kinds.pop(Kind.IMPLAUSIBLE, 0)
    wrong = [f"{differ:,} DIFFER"] if (differ := kinds.total()) else []
    wrong += [f"{implausible:,} IMPLAUSIBLE"] if implausible else []
    result = ", ".join(wrong) or "EQUAL"
    print(f"{result}: {compared:,} keys compared.", file=sys.stderr if json else sys.stdout)
    raise typer.Exit(EXIT_CHECK_FAILED if wrong else 0)
