"""Commands that keep catalog and bucket equal."""

import sys
import time
from typing import Annotated

import typer

from reinventure.aws import dead_letters as failures
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws import smoke_test
from reinventure.aws.connection import session
from reinventure.cli import output
from reinventure.cli import repair_progress as checkpoint
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, LateError, UserError
from reinventure.printable import printable
from reinventure.progress import Steps
from s3_catalog.reconciliation.difference import difference
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.totals.recount import recount

SOON = 3
"""Seconds within which a repaired row usually is counted."""


def verify(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare the catalog with the bucket's own listing, and print every difference.

    missing: the object exists, the catalog does not know it. stale: both know it, but not the same
    size, ETag or version. ghost: the catalog knows it, the object does not exist.

    Changes nothing. An event still on its way shows as a difference too. Exits with 0 if they are
    equal and with 1 if not; `reinventure repair` makes them so.
    """
    catalog = deployed.find(session(profile, region), stack)
    compared, wrong = 0, 0
    with Steps() as steps:
        steps.begin(f"Comparing s3://{catalog.bucket}/{prefix} with its catalog")
        for thing, row in steps.each(catalog.compared(prefix)):
            compared += 1
            found = difference(thing, row)
            if found:
                wrong += 1
                print(output.difference_as_json(found) if json else output.difference_line(found))
    verdict = "EQUAL" if not wrong else f"{wrong:,} DIFFER"
    print(f"{verdict}: {compared:,} keys compared.", file=sys.stderr if json else sys.stdout)
    raise typer.Exit(EXIT_CHECK_FAILED if wrong else 0)


def repair(
    prefix: Prefix = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, not where the last run was stopped.")
    ] = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Make the catalog equal to the bucket: after events were lost, or for a bucket full already.

    Safe while the bucket changes and events arrive: each repair is written only if the row has not
    changed since it was compared, and a row is given up only after S3 was asked about its key. If
    it is stopped, the next run goes on where it was.

    Then it counts the rows, and corrects the totals of the folders under PREFIX that differ. That
    takes half a minute more, so as not to count twice what is just being counted. Without PREFIX it
    also removes the failures that this makes good: what `totals` could not count. Exits with 1 if
    folders changed all the while.
    """
    catalog = deployed.find(session(profile, region), stack)
    path = checkpoint.path_for(catalog.table, prefix)
    progress = checkpoint.Progress() if restart else checkpoint.load(path)
    if progress.after:
        where = printable(progress.after)
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

        def pause(seconds: float) -> None:
            steps.begin(f"Waiting {seconds:.0f} s for what is on its way to be counted")
            time.sleep(seconds)

        # Only those from before: what is given up from now on, the recount may not have seen.
        uncounted = set() if prefix else failures.uncounted(catalog)
        if progress.repaired:
            pause(SOON)
        steps.begin("Comparing the totals with the rows")
        recounted = recount(
            catalog.totals(),
            catalog.bucket,
            lambda: steps.each(catalog.rows(prefix, consistent=True)),
            pause,
            prefix=prefix,
        )
    print(f"Corrected the totals of {recounted.corrected:,} of {recounted.folders:,} folders.")
    if recounted.restless:
        print(
            f"{len(recounted.restless):,} folders, such as "
            f"{printable(recounted.restless[0]) or 'the bucket'!r}, changed all the while: "
            "run it again when fewer writers are at work there.",
            file=sys.stderr,
        )
        raise typer.Exit(EXIT_CHECK_FAILED)
    if uncounted:
        removed = failures.remove(catalog, uncounted)
        print(f"Removed {removed:,} failures of totals, which this has made good.")


def failed(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List what could not be catalogued, counted or published: when, where, why, and which keys.

    They wait in the failure queue for 14 days. `reinventure redrive` tries them again; what could
    not be counted, `reinventure repair` makes good.
    """
    catalog = deployed.find(session(profile, region), stack)
    waiting = failures.waiting(catalog)
    for failure in waiting:
        print(output.failure_as_json(failure) if json else output.failure_lines(failure))
    if not waiting and not json:
        print("Nothing failed.")


def redrive(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Which ones: ids, or beginnings of ids."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Try failed events again, --all or those named, and remove from the queue what succeeds.

    They go through the same function as all events; one that a later event has overtaken changes
    nothing. Changes that could not be published are read from the table's stream again, which
    forgets them after 24 hours. Exits with 1 if some failed again: these stay, and
    `reinventure failed` shows them.
    """
    if every == bool(ids):
        raise UserError("say which events to redrive: --all, or ids from `reinventure failed`.")
    catalog = deployed.find(session(profile, region), stack)
    chosen = tuple(ids or [""])
    done, again = 0, 0
    staying = []
    try:
        for failure in failures.receive(catalog):
            staying.append(failure)
            if not failure.id.startswith(chosen):
                continue
            reason = failures.redrive(catalog, failure)
            if reason is None:
                staying.pop()
                done += 1
            else:
                again += 1
                print(f"{failure.id} failed again: {printable(reason)}", file=sys.stderr)
    finally:
        failures.release(catalog, staying)
    if ids and not done and not again:
        raise UserError(
            f"no failure has an id that begins with {' or '.join(ids)}: see `reinventure failed`."
        )
    print(f"{done:,} redriven, {again:,} failed again.")
    raise typer.Exit(EXIT_CHECK_FAILED if again else 0)


def smoke(
    patience: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="How long a row may take.")
    ] = 60,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put an object, wait for its row, delete it, and wait until the row says so.

    The object is a real one, under .reinventure/smoke/: totals and change feed know it for a
    moment. Nothing of it stays in the bucket. Exits with 1 if a row does not come in time.
    """
    catalog = deployed.find(session(profile, region), stack)
    try:
        with Steps() as steps:
            steps.begin(f"Putting an object into s3://{catalog.bucket}, and waiting for its row")
            seen = smoke_test.smoke(catalog, patience)
    except LateError as error:
        print(f"reinventure: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CHECK_FAILED) from None
    print(
        f"{seen.key}: its row came in {seen.row_seconds:.2f} s, "
        f"and was gone in {seen.tombstone_seconds:.2f} s."
    )
