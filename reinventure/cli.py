"""The `reinventure` command."""

import os
import shlex
import signal
import sys
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from catalog import key as object_key
from catalog.bucket import utc_now
from catalog.correction import ContendedError
from catalog.difference import difference
from catalog.listing import Filter
from catalog.merge import Reading
from catalog.reconcile import reconcile
from reinventure import cdk, checkpoint, deployed, failures, measure, output
from reinventure.errors import UserError
from reinventure.laptop import cloud as clouds
from reinventure.laptop import demo as demonstration
from reinventure.laptop.deployment import STACK, enter, start_and_deploy
from reinventure.laptop.lock import locked
from reinventure.steps import Steps

EXIT_ERROR = 2
"""Exit code for what the user can mend: no such stack, wrong credentials, no connection."""

EXIT_DIFFERENT = 1
"""Exit code when bucket and catalog differ, neither knows a key, or events failed again."""

PROGRESS_KEYS = 1000
"""Keys between two movements of the bar."""

LOCAL = cdk.ROOT / ".local"
"""Where the laptop cloud keeps its files."""

app = typer.Typer(
    help="""An encrypted, always-correct, live catalog of an S3 bucket.

    Commands that read talk to whatever AWS the environment points at: an account (AWS_PROFILE,
    AWS_REGION, ...) or the laptop cloud (`source .local/env` after `make up`).

    Exit codes: 0 done; 1 bucket and catalog differ, a key that neither knows, or events failed
    again; 2 an error that is said on stderr.""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def main() -> None:
    """Run the command line; say what went wrong in one line, never in a traceback."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")  # Keys are Unicode, whatever the locale is.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _leave)
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except ContendedError as error:
        _fail(f"{error}. Try again when fewer writers are at work on it.")
    except (ClientError, BotoCoreError) as error:
        _fail(deployed.explain(error))


def _leave(signum: int, _frame: object) -> None:
    # An ordinary exit: what was started is stopped on the way out, and nothing is said.
    raise SystemExit(128 + signum)


def _session(profile: str | None = None, region: str | None = None) -> boto3.Session:
    # The AWS CLI and the CDK know AWS_REGION; boto3 only AWS_DEFAULT_REGION.
    return boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))


def _fail(message: str) -> None:
    print(f"reinventure: {message}", file=sys.stderr)
    raise SystemExit(EXIT_ERROR)


Prefix = Annotated[str, typer.Argument(help="Only keys that begin with this.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Stack = Annotated[str, typer.Option(help="The CloudFormation stack of the catalog.")]
Profile = Annotated[str | None, typer.Option(help="A profile of your AWS configuration.")]
Region = Annotated[str | None, typer.Option(help="An AWS region, such as eu-west-1.")]


@app.command()
def ls(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the catalog in key order: time of the last change, size in bytes, key.

    Reads DynamoDB, not S3, and prints while it reads. Characters that would move the cursor are
    spelled out; --json gives every key exactly, with ETag, version and sequencer.
    """
    catalog = deployed.find(_session(profile, region), stack)
    show = output.as_json if json else output.as_line
    for row in catalog.rows(prefix):
        print(show(row))


@app.command()
def find(
    prefix: Prefix = "",
    *,
    suffix: Annotated[str, typer.Option(help="Only keys that end with this.")] = "",
    larger: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only objects of more bytes: 10k, 2GiB.")
    ] = None,
    smaller: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Only objects of fewer bytes: 1, 5MB.")
    ] = None,
    newer: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Only what changed then or since: 24h.")
    ] = None,
    older: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Only what has not changed since: 2026-01-31."),
    ] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted objects, and when, instead of others.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop reading after that many were found.")
    ] = None,
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Find objects in the catalog, or deleted ones, by what is known of them; in key order.

    SIZE is in bytes, or has a unit: k, MB and GB count in thousands, KiB, MiB and GiB in 1024s.
    WHEN is a date or a date and time, in UTC if it names no zone, or an age: 90m, 24h, 7d, 2w.

    Only PREFIX narrows what is read, and paid for; the other conditions choose from that. How much
    it was is said on stderr. A deleted object is remembered for 60 days.
    """
    now = utc_now()
    wanted = Filter(
        deleted=deleted,
        larger=_size("--larger", larger),
        smaller=_size("--smaller", smaller),
        newer=_instant("--newer", newer, now),
        older=_instant("--older", older, now),
    )
    if deleted and (larger or smaller):
        raise UserError("--deleted with --larger or --smaller: a deleted object has no size.")
    catalog = deployed.find(_session(profile, region), stack)
    show = output.as_json if json else output.as_line
    reading, found = Reading(), 0
    matching = (row for row in catalog.found(wanted, reading, prefix) if row.key.endswith(suffix))
    for row in islice(matching, limit):
        found += 1
        print(show(row))
    hint = " Only PREFIX narrows what is read." if reading.rows > found else ""
    print(f"Read {reading.rows:,} rows to find {found:,}.{hint}", file=sys.stderr)


def _size(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else measure.size(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None


def _instant(option: str, text: str | None, now: datetime) -> datetime | None:
    try:
        return None if text is None else measure.instant(text, now)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None


@app.command()
def stat(
    key: Annotated[str, typer.Argument(help="The key, exactly.")],
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Show all that is known of one key: its row, its versions in S3, and whether these agree.

    A row holds an event's own word, or what S3 answered when it was asked. A deleted key has one
    for 60 days. Of the versions that S3 keeps, the newest 10 are shown.

    Exits with 1 if catalog and bucket differ about the key, or neither knows it.
    """
    try:
        object_key.check(key)
    except ValueError as error:
        raise UserError(f"no object can have this name: {error}.") from None
    known = deployed.find(_session(profile, region), stack).known(key)
    if not known.row and not known.versions:
        nobody = f"neither the catalog nor s3://{known.bucket} knows {key!r}."
        print(f"reinventure: {nobody}", file=sys.stderr)
        raise typer.Exit(EXIT_DIFFERENT)
    print(output.known_as_json(known) if json else output.known_lines(known))
    raise typer.Exit(0 if known.agree else EXIT_DIFFERENT)


@app.command()
def verify(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare the catalog with the bucket's own listing, and print every difference.

    missing: the object exists, the catalog does not know it. stale: both know it, but not the same
    size, ETag or version. ghost: the catalog knows it, the object does not exist.

    Changes nothing. An event still on its way shows as a difference too. Exits with 0 if they are
    equal and with 1 if not; `reinventure repair` makes them so.
    """
    catalog = deployed.find(_session(profile, region), stack)
    compared, wrong = 0, 0
    with Steps() as steps:
        steps.begin(f"Comparing s3://{catalog.bucket}/{prefix} with its catalog")
        for thing, row in catalog.compared(prefix):
            compared += 1
            if compared % PROGRESS_KEYS == 0:
                steps.advance(PROGRESS_KEYS)
            found = difference(thing, row)
            if found:
                wrong += 1
                print(output.difference_as_json(found) if json else output.difference_line(found))
    verdict = "EQUAL" if not wrong else f"{wrong:,} DIFFER"
    print(f"{verdict}: {compared:,} keys compared.", file=sys.stderr if json else sys.stdout)
    raise typer.Exit(EXIT_DIFFERENT if wrong else 0)


@app.command()
def repair(
    prefix: Prefix = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, not where the last run was stopped.")
    ] = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Make the catalog equal to the bucket: after events were lost, or for a bucket full already.

    Safe while the bucket changes and events arrive: each repair is written only if the row has not
    changed since it was compared, and a row is given up only after S3 was asked about its key. If
    it is stopped, the next run goes on where it was.
    """
    catalog = deployed.find(_session(profile, region), stack)
    path = checkpoint.path_for(catalog.table, prefix)
    progress = checkpoint.Progress() if restart else checkpoint.load(path)
    if progress.after:
        where = output.printable(progress.after)
        print(f"Going on after {where}, where the last run was stopped (--restart begins anew).")
    with Steps() as steps:
        steps.begin(f"Reconciling s3://{catalog.bucket}/{prefix}")
        for done in reconcile(
            catalog.store(), catalog.stored(), prefix=prefix, after=progress.after
        ):
            progress = checkpoint.Progress(
                done.key, progress.compared + done.compared, progress.repaired + done.repaired
            )
            checkpoint.save(path, progress)
            steps.advance(done.compared)
    path.unlink(missing_ok=True)
    print(f"Repaired {progress.repaired:,} of {progress.compared:,} keys compared.")


@app.command()
def failed(
    json: Json = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the events that could not be catalogued: when, where, why, and which keys.

    They wait in the failure queue for 14 days. `reinventure redrive` tries them again.
    """
    catalog = deployed.find(_session(profile, region), stack)
    waiting = list(failures.failures(catalog))
    failures.show(catalog, waiting)
    for failure in waiting:
        print(output.failure_as_json(failure) if json else output.failure_lines(failure))
    if not waiting and not json:
        print("Nothing failed.")


@app.command()
def redrive(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Which ones: ids, or beginnings of ids.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    stack: Stack = STACK,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Try failed events again, and remove those that succeed from the failure queue.

    They go through the same function as all events; one that a later event has overtaken changes
    nothing. Exits with 1 if some failed again: these stay, and `reinventure failed` shows them.
    """
    if every == bool(ids):
        raise UserError("say which events to redrive: --all, or ids from `reinventure failed`.")
    catalog = deployed.find(_session(profile, region), stack)
    chosen = tuple(ids or [""])
    done, again = 0, 0
    staying = []
    try:
        for failure in failures.failures(catalog):
            staying.append(failure)
            if not failure.id.startswith(chosen):
                continue
            reason = failures.redrive(catalog, failure)
            if reason is None:
                staying.pop()
                done += 1
            else:
                again += 1
                print(f"{failure.id} failed again: {output.printable(reason)}", file=sys.stderr)
    finally:
        failures.show(catalog, staying)
    print(f"{done:,} redriven, {again:,} failed again.")
    raise typer.Exit(EXIT_DIFFERENT if again else 0)


Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the stack: transport=sqs."),
]


@app.command()
def up(settings: Setting = None) -> None:
    """Start the laptop cloud, deploy the catalog to it, and leave it running.

    It listens on a free port of 127.0.0.1 and keeps everything in memory: what is in it is lost
    when it stops.
    """
    profile = os.environ.get("AWS_PROFILE")
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        cloud = clouds.find(LOCAL)
        catalog = None
        if cloud:
            # A cloud without the stack was left by a run that was killed: it is started anew.
            with suppress(UserError):
                catalog = enter(cloud)
                print(f"The laptop cloud is up already, at {cloud.endpoint}.")
        if not cloud or not catalog:
            with Steps() as steps:
                cloud = start_and_deploy(LOCAL, steps, settings or [])
            catalog = enter(cloud)
            print(f"The laptop cloud is up, at {cloud.endpoint}.")
        env = clouds.write_environment_file(
            cloud, REINVENTURE_BUCKET=catalog.bucket, REINVENTURE_TABLE=catalog.table
        )
    print(
        f"""
Point this shell at it:   source {shlex.quote(os.path.relpath(env))}
Change the bucket:        aws s3 cp README.md s3://$REINVENTURE_BUCKET/
Read the catalog:         .venv/bin/reinventure ls
Watch it work:            tail -f {shlex.quote(os.path.relpath(cloud.log))}
Stop it, and lose all:    make down"""
    )
    if profile:
        print(f"\nAWS_PROFILE={profile} is set here, and some clients prefer it: unset AWS_PROFILE")


@app.command()
def down() -> None:
    """Stop the laptop cloud, in whatever state it is. Its buckets and tables are gone."""
    with locked(LOCAL, "another `make up` or `make down` is at work"):
        print("The laptop cloud is down." if clouds.stop(LOCAL) else "No laptop cloud was up.")


@app.command()
def demo(
    files: Annotated[
        Path, typer.Option(help="The folder to upload.", exists=True, file_okay=False)
    ] = cdk.ROOT / "samples",
    settings: Setting = None,
) -> None:
    """Show it all once: deploy to a laptop cloud of its own, change a bucket, prove the catalog.

    Uploads a folder, overwrites some objects, deletes some, waits until the catalog has settled,
    and compares every row with the bucket's own listing. Stops what it started.
    """
    directory = LOCAL / "demo"
    with locked(directory, "another `make demo` is running"):
        equal = demonstration.run(files, directory, settings or [])
    raise typer.Exit(0 if equal else EXIT_DIFFERENT)


@app.command()
def deploy() -> None:
    """Deploy the Catalog stack to the account and region of the current AWS profile.

    Bootstraps the account for CDK first, if nobody has. CDK shows what permissions change and
    asks before it goes on.
    """
    account, region = _account()
    print(f"Deploying stack {STACK} to account {account}, region {region}.", flush=True)
    if not cdk.bootstrapped(_session()):
        cdk.run("bootstrap", f"aws://{account}/{region}", environment=os.environ)
    cdk.run("deploy", STACK, environment=os.environ)


@app.command()
def destroy() -> None:
    """Remove the Catalog stack from the account and region of the current AWS profile.

    CDK asks first. With stage=sandbox everything goes, objects too; with stage=production the
    stack is protected, and bucket, table and keys would stay.
    """
    account, region = _account()
    print(f"Removing stack {STACK} from account {account}, region {region}.", flush=True)
    cdk.run("destroy", STACK, environment=os.environ)


def _account() -> tuple[str, str]:
    if "AWS_ENDPOINT_URL" in os.environ:
        raise UserError(
            f"AWS_ENDPOINT_URL is {os.environ['AWS_ENDPOINT_URL']}: this shell points at a laptop "
            "cloud, where `make up` has deployed already. Use a new shell for an account."
        )
    session = _session()
    identity = session.client("sts", config=deployed.CONFIG).get_caller_identity()
    return identity["Account"], str(session.region_name)
