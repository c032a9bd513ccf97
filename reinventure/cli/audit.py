"""Commands for who did what."""

import sys
from typing import Annotated

import typer

from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.connection import session
from reinventure.aws.key_use import EVENT_HISTORY, LOOKUP_CONFIG, key_uses
from reinventure.cli import output
from reinventure.cli.options import Json, Profile, Region, Stack, instant
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now


def audit(
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="Since then: a date, or an age up to 90d.")
    ] = "24h",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show who used which key of the catalog for what, when; the newest first.

    Time, key, call, who, through which service, for what, and why if it was refused; --json has
    all of it. WHEN is a date or a date and time, in UTC if it names no zone, or an age: 90m, 7d.

    Asks CloudTrail, which costs nothing and remembers 90 days; what happened in the last minutes
    may be missing. It tells 100 calls a second, those of other keys in the account too. Services
    keep a key for some minutes once they used it, so there are fewer calls than objects.
    """
    now = utc_now()
    start = instant("--since", since, now)
    if start < now - EVENT_HISTORY:
        raise UserError(
            f"--since: CloudTrail's event history has {EVENT_HISTORY.days} days. Older events are "
            "in the bucket of a trail, if one exists: see docs/security.md"
        )
    catalog = deployed.find(session(profile, region), stack)
    client = catalog.session.client("cloudtrail", config=LOOKUP_CONFIG)
    keys = {"DATA": catalog.outputs.data_key_arn, "QUEUE": catalog.outputs.queue_key_arn}
    show = output.key_use_as_json if json else output.key_use_line
    calls = uses = 0
    with Steps() as steps:
        steps.begin("Looking up calls to KMS")
        for page in key_uses(client, keys, start):
            calls += page.calls
            uses += len(page.uses)
            steps.advance(page.calls)
            for use in page.uses:
                print(show(use), flush=True)
    when = f"{start:%Y-%m-%d %H:%M} UTC"
    print(f"{uses:,} of {calls:,} calls to KMS since {when} concern these keys.", file=sys.stderr)
