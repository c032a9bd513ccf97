"""Commands about the content of objects."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Annotated

import typer
from rich import filesize

from reinventure.aws import deployed_catalog, deployed_stack
from reinventure.aws.connection import config, session
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.inspection_queues import InspectionQueues
from reinventure.cli import chosen_buckets
from reinventure.cli.chosen_buckets import BucketName
from reinventure.cli.duplicate_contents import Contents, Copies
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.cli.row_output import url
from reinventure.contract import CATALOG, WORKERS, InspectionOutputs
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps
from reinventure.values import EVERY_BUCKET, EVERYWHERE, Place
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import EXISTING, Filter

_MAX_KEYS = 10
"""Keys of equal content that a person sees."""


def inspect(
    place: Prefix = EVERYWHERE,
    *,
    bucket: BucketName = None,
    stack: Stack = CATALOG,
    workers_stack: Annotated[
        str, typer.Option(help="The CloudFormation stack of content inspection.")
    ] = WORKERS,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Inspect objects that existed before content inspection was enabled.

    New and changed objects are inspected by themselves. This command reads the catalog under PREFIX
    and sends an inspection request for each object without a result. The results come into the
    catalog later. Idempotent: it can be repeated at any time.

    For example:

        reinventure inspect photos/
        reinventure inspect --bucket '*'
    """
    here = session(profile, region)
    chosen = chosen_buckets.by_option(deployed_catalog.find(here, stack), place, bucket)
    cloudformation = here.client("cloudformation", config=config())
    outputs = deployed_stack.find(cloudformation, workers_stack, InspectionOutputs)
    queues = InspectionQueues(here.client("sqs", config=config()), outputs)
    reading, requested = Reading(), 0
    with Steps() as steps:
        for each in _each_read(chosen, place, steps):
            rows = steps.each(each.found(EXISTING, reading, place.key))
            requested += queues.request(row for row in rows if not row.inspected)
    print(f"Read {reading.rows:,} rows, and requested the inspection of {requested:,} objects.")


def duplicates(
    place: Prefix = EVERYWHERE,
    *,
    bucket: BucketName = None,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List objects with equal content, those that waste the most bytes first.

    Content is equal if its SHA-256 is, which is a result of content inspection (setting workers).
    stderr has the number of objects that have not been inspected. Empty objects are left out.

    Reads the catalog under PREFIX once, and keeps hashes and keys in a temporary file: memory does
    not grow with the number of objects. With --bucket '*' objects of different buckets are compared
    as well, and each is shown with its URL in place of its key.

    For example:

        reinventure duplicates photos/
        reinventure duplicates --bucket '*'
        reinventure duplicates --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    chosen = chosen_buckets.by_option(catalog, place, bucket)
    show = copies_json if json else copies_lines
    not_inspected = contents_found = wasted = 0
    reading = Reading()
    with Contents() as contents, Steps() as steps:
        for each in _each_read(chosen, place, steps):
            for row in steps.each(each.found(Filter(larger=0), reading, place.key)):
                named = replace(row, key=url(row)) if bucket == EVERY_BUCKET else row
                not_inspected += not contents.add(named)
        steps.begin("Comparing")
        for copies in contents.copies():
            contents_found += 1
            wasted += copies.wasted
            print(show(copies))
    print(
        f"Read {reading.rows:,} rows: {contents_found:,} contents exist more than once and waste "
        f"{wasted:,} bytes. {not_inspected:,} objects have not been inspected.",
        file=sys.stderr,
    )


def _each_read(
    chosen: Sequence[DeployedCatalog], place: Place, steps: Steps
) -> Iterator[DeployedCatalog]:
    """Yield `chosen`, and begin a step for the reading of each."""
    for number, each in enumerate(chosen, 1):
        end = chosen_buckets.ordinal(number, len(chosen))
        steps.begin(f"Reading the catalog of s3://{each.bucket}/{place.key}{end}")
        yield each


def copies_lines(copies: Copies) -> str:
    """Return `copies` for a person: wasted bytes, number and size of objects, SHA-256, keys."""
    lost = filesize.decimal(copies.wasted)
    lines = [f"{lost:>10} wasted: {copies.count:,} x {copies.size:,} bytes, {copies.sha256}"]
    lines += [f"    {printable(key)}" for key in islice(copies.keys(), _MAX_KEYS)]
    if copies.count > _MAX_KEYS:
        lines.append(f"    and {copies.count - _MAX_KEYS:,} more (--json lists all)")
    return "\n".join(lines)


def copies_json(copies: Copies) -> str:
    """Return `copies` as one line of JSON, with every key."""
    return printable_json(
        {
            "sha256": copies.sha256,
            "size": copies.size,
            "count": copies.count,
            "wasted": copies.wasted,
            "keys": list(copies.keys()),
        }
    )
