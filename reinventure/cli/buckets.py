"""The command that lists the buckets of the catalog."""

from rich import filesize

from reinventure.aws import deployed_catalog
from reinventure.aws.bucket_states import BucketState, bucket_states
from reinventure.aws.connection import session
from reinventure.cli.options import Json, Profile, Region, Stack
from reinventure.contract import CATALOG
from reinventure.printable import printable, printable_json


def buckets(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the buckets of the catalog: bytes, objects, whether events come, bucket and prefixes.

    The setting `buckets` names them. "own" is the bucket that the stack made. An attached one is
    "on" while it sends its events to EventBridge; otherwise the reason is shown.

    For example:

        reinventure buckets
        reinventure buckets --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    show = state_json if json else state_line
    for state in bucket_states(catalog):
        print(show(state))


def state_line(state: BucketState) -> str:
    """Return `state` for a person: bytes in units of a thousand, objects, state, places."""
    total, name = state.total, "own" if state.own else "on"
    places = " ".join(f"s3://{state.bucket}/{prefix}" for prefix in state.prefixes)
    return (
        f"{filesize.decimal(total.bytes):>12} {total.objects:>14,}  "
        f"{state.problem or name}  {printable(places)}"
    )


def state_json(state: BucketState) -> str:
    """Return `state` as one line of JSON; `problem` is null while events come."""
    return printable_json(
        {
            "bucket": state.bucket,
            "prefixes": list(state.prefixes),
            "objects": state.total.objects,
            "bytes": state.total.bytes,
            "own": state.own,
            "problem": state.problem,
        }
    )
