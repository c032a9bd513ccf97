"""The command that lists the buckets of the catalog."""

from collections.abc import Iterator, Sequence

from rich import filesize

import reinventure
from reinventure.aws.bucket_states import BucketState
from reinventure.cli.options import Json, Profile, Region, Stack
from reinventure.cli.time_output import duration, utc
from reinventure.contract import CATALOG
from reinventure.printable import printable, printable_json
from reinventure.progress import Steps

_HEADINGS = ("BYTES", "OBJECTS", "NEWEST EVENT", "LAG", "LAST VERIFIED", "STATE", "BUCKET")

_NUMBERS = {"BYTES", "OBJECTS", "LAG"}
"""Columns that are aligned to the right."""

_MINUTE = 60
"""Seconds."""


def buckets(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the buckets of the catalog: how much each has, how current it is, and its state.

    BYTES, OBJECTS: what the totals have counted.

    NEWEST EVENT: when, at S3, the newest event counted in the totals happened. An event that
    changes neither number, such as an overwrite of the same size, is not counted. "not yet known":
    none has been counted since this version was deployed.

    LAG: the time from that event until it was counted, through event, row, stream and the setting
    totals_window. An event still on its way is in neither column: alarms report those that are late
    (docs/alarms.md), and `reinventure failed` lists those that failed.

    LAST VERIFIED: when the last comparison began that found the whole bucket equal, of the prefixes
    that it had then: `reinventure verify` by a person who may record it, that of `reinventure
    attach`, or a `reinventure repair` or nightly comparison that had nothing to repair.

    STATE: "own" is the bucket that the stack made. An attached one is "on" while it sends its
    events to EventBridge; otherwise the reason is shown.

    BUCKET: its name, and the prefixes that are in the catalog (setting buckets).

    For example:

        reinventure buckets
        reinventure buckets --json
    """
    catalog = reinventure.open(stack, profile=profile, region=region)
    number = len(catalog.deployed.scope.buckets)
    states = []
    with Steps() as steps:
        steps.begin("Reading the totals and the EventBridge switches", number)
        for state in catalog.buckets():
            states.append(state)
            steps.advance()
    for line in map(state_json, states) if json else state_lines(states):
        print(line)


def state_lines(states: Sequence[BucketState]) -> Iterator[str]:
    """Yield a heading and a line for each of `states`, for a person: in aligned columns.

    Bytes are in units of a thousand, times in UTC.
    """
    rows = [_HEADINGS, *map(_cells, states)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            cell.rjust(width) if heading in _NUMBERS else cell.ljust(width)
            for cell, width, heading in zip(row, widths, _HEADINGS, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _cells(state: BucketState) -> tuple[str, ...]:
    places = " ".join(f"s3://{state.bucket}/{prefix}" for prefix in state.prefixes)
    return (
        filesize.decimal(state.total.bytes),
        f"{state.total.objects:,}",
        utc(state.newest.time) if state.newest else "not yet known",
        _lag(state.newest.lag.total_seconds()) if state.newest else "-",
        utc(state.verified) if state.verified else "not yet",
        state.problem or ("own" if state.own else "on"),
        printable(places),
    )


def _lag(seconds: float) -> str:
    # On the local cloud, which counts at once, it is below two seconds.
    return f"{seconds:.2f} s" if seconds < _MINUTE else duration(seconds)


def state_json(state: BucketState) -> str:
    """Return `state` as one line of JSON. What is not known is null, as is no `problem`."""
    return printable_json(
        {
            "bucket": state.bucket,
            "prefixes": list(state.prefixes),
            "objects": state.total.objects,
            "bytes": state.total.bytes,
            "newest_event": state.newest.time.isoformat() if state.newest else None,
            "lag_seconds": state.newest.lag.total_seconds() if state.newest else None,
            "last_verified": state.verified.isoformat() if state.verified else None,
            "own": state.own,
            "problem": state.problem,
        }
    )
