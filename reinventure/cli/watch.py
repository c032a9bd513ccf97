"""The command that follows the change feed."""

import select
import sys

import reinventure
from reinventure.aws.feed_change import Change
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.cli.time_output import utc
from reinventure.contract import CATALOG
from reinventure.printable import printable, printable_json
from reinventure.values import EVERYWHERE


def watch(
    place: Prefix = EVERYWHERE,
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show changes as they happen, until Ctrl-C: time, kind of change, size in bytes, key.

    Each change is shown once, and those of a key are in order. --json prints the message of the
    change feed itself (docs/changes.md). For earlier changes, see `reinventure find --newer`.

    Creates a temporary queue that is subscribed to the topic of the stack, and deletes it in the
    end.

    For example:

        reinventure watch photos/
        reinventure watch s3://photos-prod/holiday/
        reinventure watch --json
    """
    catalog = reinventure.open(stack, profile=profile, region=region)
    show = change_json if json else change_line
    with catalog.changes(str(place), between=_check_stdout) as changes:
        bucket = place.bucket or catalog.deployed.bucket
        where = printable(f"s3://{bucket}/{place.key}")
        print(f"Listening to changes of {where} (stop with Ctrl-C).", file=sys.stderr, flush=True)
        for change in changes:
            print(show(change), flush=True)


def change_line(change: Change) -> str:
    """Return `change` for a person: time in UTC, kind, size in bytes, key."""
    size = change.new.size if change.new else "-"
    return f"{utc(change.time)} {change.kind:<7} {size:>14} {printable(change.key)}"


def change_json(change: Change) -> str:
    """Return the message of `change` as one line of JSON."""
    return printable_json(change.message)


def _check_stdout() -> None:
    """Raise BrokenPipeError when nothing reads stdout any more, which a bucket at rest hides."""
    try:
        descriptor = sys.stdout.fileno()
    except OSError:  # A stream in memory has none.
        return
    poll = select.poll()
    poll.register(descriptor, 0)  # Errors are reported without being asked for.
    if any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0)):
        raise BrokenPipeError
