"""The command that follows the change feed."""

import select
import sys
from collections.abc import Mapping
from typing import Any

from reinventure.aws import deployed_catalog
from reinventure.aws.change_watcher import Watch
from reinventure.aws.connection import session
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.cli.time_output import event_time
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
    catalog = deployed_catalog.find(session(profile, region), stack).choose(place.bucket, place.key)
    show = change_json if json else change_line
    with Watch(catalog, place.key, _check_stdout).listening() as changes:
        where = printable(f"s3://{catalog.bucket}/{place.key}")
        print(f"Listening to changes of {where} (stop with Ctrl-C).", file=sys.stderr, flush=True)
        for message in changes:
            print(show(message), flush=True)


def change_line(message: Mapping[str, Any]) -> str:
    """Return a message of the change feed for a person: time in UTC, kind, size in bytes, key."""
    size = message["new"]["size"] if message["new"] else "-"
    return (
        f"{event_time(message['time'])} {message['kind']:<7} {size:>14} {printable(message['key'])}"
    )


def change_json(message: Mapping[str, Any]) -> str:
    """Return a message of the change feed as one line of JSON."""
    return printable_json(message)


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
