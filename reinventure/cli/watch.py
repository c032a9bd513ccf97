"""Commands for the change feed."""

import sys

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.change_watcher import Watch
from reinventure.aws.connection import session
from reinventure.cli import output
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG
from reinventure.printable import printable


def watch(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show what changes, as it changes, until Ctrl-C: time, what happened, size in bytes, key.

    Each change once, those of a key in their order; --json gives the message itself, which
    docs/changes.md describes. What changed before is not shown: see `reinventure find --newer`.

    It makes a queue, subscribes it to the topic of the stack, and removes both in the end.
    """
    catalog = deployed.find(session(profile, region), stack)
    show = output.change_as_json if json else output.change_line
    with Watch(catalog, prefix).listening() as changes:
        where = printable(f"s3://{catalog.bucket}/{prefix}")
        print(f"Listening to changes of {where} (Ctrl-C ends it).", file=sys.stderr, flush=True)
        for message in changes:
            print(show(message), flush=True)
