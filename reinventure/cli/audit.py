"""The command that shows who used the keys."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from reinventure import values
from reinventure.aws import deployed_catalog
from reinventure.aws.connection import session
from reinventure.aws.key_use import EVENT_HISTORY, KeyUse, key_uses, lookup_config
from reinventure.cli.options import Json, Profile, Region, Stack, parser
from reinventure.cli.time_output import utc
from reinventure.contract import CATALOG
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now


def _within_event_history(text: str) -> datetime:
    earliest = utc_now() - EVENT_HISTORY  # Before `90d`, which counts from a moment later.
    start = values.instant(text)
    if start < earliest:
        raise ValueError(
            f"{text!r} is before CloudTrail's event history of {EVENT_HISTORY.days} days. Older "
            "events are in the bucket of a trail, if one exists: see docs/security.md"
        )
    return start


def audit(
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="WHEN",
            parser=parser(_within_event_history),
            help="Only uses since this time: a date, or an age up to 90d. Default: 24h.",
        ),
    ] = None,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show every use of the catalog's KMS keys: time, key, call, caller, purpose; newest first.

    A refused call has the reason. --json has all properties. WHEN is a date, a date and time (UTC
    unless it has a zone), or an age: 90m, 7d.

    Reads CloudTrail's event history, which is free of charge and goes back 90 days; the last
    minutes may be missing. Reads 100 calls a second, those with other keys in the account included.
    Services cache data keys for some minutes, so there are fewer calls than objects.

    For example:

        reinventure audit --since 7d
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    client = catalog.session.client("cloudtrail", config=lookup_config())
    keys = {"DATA": catalog.outputs.data_key_arn, "QUEUE": catalog.outputs.queue_key_arn}
    show = key_use_json if json else key_use_line
    start = since or utc_now() - timedelta(hours=24)
    calls = uses = 0
    with Steps() as steps:
        steps.begin("Reading calls to KMS")
        for page in key_uses(client, keys, start):
            calls += page.calls
            uses += len(page.uses)
            steps.advance(page.calls)
            for use in page.uses:
                print(show(use), flush=True)
    print(
        f"{uses:,} of {calls:,} calls to KMS since {utc(start)} concern these keys.",
        file=sys.stderr,
    )


def key_use_line(use: KeyUse) -> str:
    """Return `use` for a person: time, key, call, caller, service, purpose, and the refusal."""
    via = f" via {use.via}" if use.via else ""
    purpose = " ".join(f"{name}={value}" for name, value in use.purpose.items())
    what = f" for {purpose}" if purpose else ""
    refused = f" REFUSED {use.error}" if use.error else ""
    names = "+".join(use.keys)
    return printable(f"{utc(use.time)} {names:<5} {use.call:<17} {use.who}{via}{what}{refused}")


def key_use_json(use: KeyUse) -> str:
    """Return `use` as one line of JSON, the time in UTC."""
    return printable_json(
        {
            "id": use.id,
            "time": use.time.astimezone(UTC).isoformat(),
            "keys": use.keys,
            "call": use.call,
            "who": use.who,
            "via": use.via,
            "purpose": use.purpose,
            "error": use.error,
            "source": use.source,
        }
    )
