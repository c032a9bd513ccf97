"""Commands about what objects contain."""

import sys

from catalog.listing import Filter
from catalog.merge import Reading
from reinventure import deployed, output
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack, session
from reinventure.duplicates import Contents
from reinventure.laptop.deployment import STACK
from reinventure.steps import Steps


def duplicates(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = STACK,
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
        steps.begin(f"Reading the catalog under {output.printable(prefix)!r}")
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
