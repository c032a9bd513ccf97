"""Commands that keep catalog and bucket equal."""

import sys
import time
from collections import Counter
from typing import Annotated

import typer

from reinventure.aws import dead_letters, deployed_catalog, smoke_test
from reinventure.aws.connection import session
from reinventure.cli import dead_letter_output, difference_output, repair_progress, values
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack, parser
from reinventure.cli.repair_progress import Progress
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, CheckFailedError, UserError
from reinventure.printable import printable
from reinventure.progress import Steps
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.difference import Kind, difference
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.totals.recount import recount

SETTLING_SECONDS = 3
"""Seconds within which `totals` usually has counted a repaired row."""


def verify(
    prefix: Prefix = "",
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Compare the catalog with the bucket's own listing, and print every difference.

    missing: the object has no row. stale: size, ETag or version of object and row differ. ghost:
    the row has no object. implausible: the row's sequencer is not of a moment between 2006 and now,
    so its event was forged; the content may be right.

    Changes nothing. An event that is still on its way shows as a difference. Exits with 1 if there
    are differences; `reinventure repair` corrects them.

    For example:

        reinventure verify
        reinventure verify photos/ --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    show = difference_output.difference_json if json else difference_output.difference_line
    compared, kinds = 0, Counter[Kind]()
    with Steps() as steps:
        steps.begin(f"Comparing s3://{catalog.bucket}/{prefix} with its catalog")
        for thing, row in steps.each(catalog.compared(prefix)):
            compared += 1
            found = difference(thing, row, utc_now())
            if found:
                kinds[found.kind] += 1
                print(show(found))
    implausible = kinds.pop(Kind.IMPLAUSIBLE, 0)
    wrong = [f"{differ:,} DIFFER"] if (differ := kinds.total()) else []
    wrong += [f"{implausible:,} IMPLAUSIBLE"] if implausible else []
    result = ", ".join(wrong) or "EQUAL"
    print(f"{result}: {compared:,} keys compared.", file=sys.stderr if json else sys.stdout)
    raise typer.Exit(EXIT_CHECK_FAILED if wrong else 0)


def repair(
    prefix: Prefix = "",
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Start from the beginning, not where the last run stopped."),
    ] = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Make the catalog equal to the bucket: after lost events, or for a bucket that was not empty.

    Safe while the bucket changes: a row is replaced only if it is still the one that was compared,
    and becomes a tombstone only after a lookup of its key in S3. A row with an implausible
    sequencer is healed: the next event of its key counts again. A run that was interrupted
    continues where it stopped.

    Then the rows are recounted, and the totals of the folders under PREFIX corrected. That takes
    half a minute more, so that no change is counted twice. Without PREFIX, the messages of `totals`
    in the dead-letter queue are deleted: the recount includes them. Exits with 1 if folders changed
    during every recount.

    For example:

        reinventure repair
        reinventure repair photos/2026/
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    path = repair_progress.path_for(catalog.table, prefix)
    progress = Progress() if restart else repair_progress.load(path)
    if progress.after:
        where = printable(progress.after)
        print(f"Continuing after {where}, where the last run stopped (--restart starts again).")
    with Steps() as steps:
        steps.begin(f"Reconciling s3://{catalog.bucket}/{prefix}")
        for done in reconcile(
            catalog.store(), catalog.stored(), prefix=prefix, after=progress.after
        ):
            progress = Progress(
                done.key, progress.compared + done.compared, progress.repaired + done.repaired
            )
            repair_progress.save(path, progress)
            steps.advance(done.compared)
        path.unlink(missing_ok=True)
        print(f"Repaired {progress.repaired:,} of {progress.compared:,} keys compared.")

        def pause(seconds: float) -> None:
            steps.begin(f"Waiting {seconds:.0f} s until changes on their way are counted")
            time.sleep(seconds)

        # Before the recount: it may not include changes that fail from now on.
        uncounted = set() if prefix else dead_letters.uncounted(catalog)
        if progress.repaired:
            pause(SETTLING_SECONDS)
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
        folder = printable(recounted.restless[0]) or "the bucket"
        raise CheckFailedError(
            f"{len(recounted.restless):,} folders, such as {folder}, changed during every recount. "
            "Run the command again when fewer writers change them"
        )
    if uncounted:
        removed = dead_letters.remove(catalog, uncounted)
        print(f"Deleted {removed:,} messages of totals from the dead-letter queue.")


def failed(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List the events that could not be catalogued, counted or published: time, reason, keys.

    They are in the dead-letter queue for 14 days. `reinventure redrive` tries them again;
    `reinventure repair` counts what could not be counted.

    For example:

        reinventure failed
        reinventure failed --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    show = dead_letter_output.dead_letter_json if json else dead_letter_output.dead_letter_lines
    waiting = dead_letters.waiting(catalog)
    for letter in waiting:
        print(show(letter))
    if not waiting and not json:
        print("Nothing failed.")


def redrive(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Ids of failed events, or beginnings of ids."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All failed events.")] = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Try failed events again, and delete those that succeed from the dead-letter queue.

    They go through the same function as all events; one that is superseded by a later event changes
    nothing. Changes that could not be published are read from the table's stream again, which keeps
    them for 24 hours. Exits with 1 if an event failed again: it stays in the queue.

    For example:

        reinventure redrive --all
        reinventure redrive 5f0c 91ab
    """
    if every == bool(ids):
        raise UserError("choose the events to redrive: --all, or ids from `reinventure failed`")
    catalog = deployed_catalog.find(session(profile, region), stack)
    chosen = tuple(ids or [""])
    done, again = 0, 0
    staying = []
    try:
        for letter in dead_letters.receive(catalog):
            staying.append(letter)
            if not letter.id.startswith(chosen):
                continue
            reason = dead_letters.redrive(catalog, letter)
            if reason is None:
                staying.pop()
                done += 1
            else:
                again += 1
                print(f"{letter.id} failed again: {printable(reason)}", file=sys.stderr)
    finally:
        dead_letters.release(catalog, staying)
    if ids and not done and not again:
        raise UserError(
            f"no failed event has an id that begins with {' or '.join(map(repr, ids))}: see "
            "`reinventure failed`"
        )
    print(f"{done:,} redriven, {again:,} failed again.")
    raise typer.Exit(EXIT_CHECK_FAILED if again else 0)


def smoke(
    patience: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            parser=parser(values.seconds),
            help="Longest wait for a row.",
        ),
    ] = 60,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Put an object, wait for its row, delete the object, and wait for the tombstone.

    A real object, under .reinventure/smoke/: totals and change feed have it for a moment. Nothing
    of it stays in the bucket. Exits with 1 if a row does not come in time.

    For example:

        reinventure smoke --patience 30
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    with Steps() as steps:
        steps.begin(f"Putting an object into s3://{catalog.bucket}, and waiting for its row")
        seen = smoke_test.smoke(catalog, patience)
    print(
        f"{seen.key}: its row came in {seen.row_seconds:.2f} s, and its tombstone in "
        f"{seen.tombstone_seconds:.2f} s."
    )
