"""Commands about what objects contain."""

import sys
from typing import Annotated

import typer

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws import deployed_stack
from reinventure.aws.connection import CONFIG, session
from reinventure.aws.inspection_queues import InspectionQueues
from reinventure.cli import output
from reinventure.cli.duplicate_contents import Contents
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG, WORKERS, InspectionOutputs
from reinventure.printable import printable
from reinventure.progress import Steps
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter


def inspect(
    prefix: Prefix = "",
    stack: Stack = CATALOG,
    workers_stack: Annotated[
        str, typer.Option(help="The CloudFormation stack of those who look inside.")
    ] = WORKERS,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Have objects looked into that nobody has looked into: those from before workers were set.

    What comes or changes afterwards is looked into by itself. This reads the catalog under PREFIX
    and asks for each object that it knows nothing of the contents of; the answers come later, into
    the catalog. Asking twice does no harm.
    """
    here = session(profile, region)
    catalog = deployed.find(here, stack)
    queues = InspectionQueues(
        here.client("sqs", config=CONFIG),
        deployed_stack.find(
            here.client("cloudformation", config=CONFIG), workers_stack, InspectionOutputs
        ),
    )
    reading = Reading()
    with Steps() as steps:
        steps.begin(f"Reading the catalog under {printable(prefix)!r}")
        rows = steps.each(catalog.found(Filter(), reading, prefix))
        unknown = (row for row in rows if not row.inspected)
        asked = queues.request(unknown)
    print(f"Read {reading.rows:,} rows, and asked for a look inside {asked:,} objects.")


def duplicates(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List objects with equal content, whatever their names: those that waste most bytes first.

    Equal is what has the same SHA-256. That is known of what was looked into (setting workers);
    how many objects were not is said on stderr. Empty objects are left out.

    Reads the catalog under PREFIX once, and keeps contents and keys in a temporary file: memory
    stays the same however many there are, but for the keys of one content with --json.
    """
    catalog = deployed.find(session(profile, region), stack)
    show = output.copies_as_json if json else output.copies_lines
    unknown = several = wasted = 0
    reading = Reading()
    with Contents() as contents, Steps() as steps:
        steps.begin(f"Reading the catalog under {printable(prefix)!r}")
        for row in steps.each(catalog.found(Filter(larger=0), reading, prefix)):
            unknown += not contents.add(row)
        steps.begin("Comparing")
        for copies in contents.copies():
            several += 1
            wasted += copies.wasted
            print(show(copies))
    print(
        f"Read {reading.rows:,} rows: {several:,} contents are there more than once and waste "
        f"{wasted:,} bytes. {unknown:,} objects have not been looked into.",
        file=sys.stderr,
    )
