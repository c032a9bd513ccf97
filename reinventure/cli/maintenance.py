"""Commands that keep catalog and bucket equal, `verify` apart."""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from reinventure import values
from reinventure.aws import account_comparison, dead_letters, deployed_catalog, smoke_test
from reinventure.aws.account_comparison import RangesDone
from reinventure.aws.connection import session
from reinventure.aws.dead_letters import DeadLetter
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import chosen_buckets, dead_letter_output, repair_progress
from reinventure.cli.options import Json, Prefix, Profile, Region, Stack, Yes, parser
from reinventure.cli.repair_progress import Progress
from reinventure.cli.verify import record_equal
from reinventure.contract import CATALOG
from reinventure.errors import EXIT_CHECK_FAILED, CheckFailedError, UserError
from reinventure.printable import printable
from reinventure.progress import Steps
from reinventure.values import EVERYWHERE
from s3_catalog.model.scope import Entry
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation.removal import remove_out_of_scope
from s3_catalog.reconciliation.repair import Checkpoint, reconcile
from s3_catalog.totals.forget import forget, forget_empty
from s3_catalog.totals.recount import Recounted, recount

POLL_SECONDS = 5
"""Seconds between two looks at a comparison in the account."""

MAX_KEYS_HERE = 1_000_000
"""Keys of a bucket that are compared here rather than in the account."""

SETTLING_SECONDS = 2
"""Seconds within which `totals` usually has counted a repaired row, after its batching window."""


@dataclass(frozen=True, slots=True)
class _Reconciled:
    """The number of rows that changed here, and whether the account compared the other keys."""

    rows: int
    in_account: bool


def repair(
    place: Prefix = EVERYWHERE,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Start from the beginning, not where the last run stopped."),
    ] = False,
    *,
    in_account_above: Annotated[
        int,
        typer.Option(
            "--in-account-above",
            metavar="KEYS",
            parser=parser(values.whole_number),
            help="Keys of a bucket to compare here; the account compares the others.",
        ),
    ] = MAX_KEYS_HERE,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Make the catalog equal to the bucket: after lost events, or for a bucket that was not empty.

    Safe while the bucket changes: a row is replaced only if it is still the one that was compared,
    and becomes a tombstone only after a lookup of its key in S3. A row with an implausible
    sequencer is healed: the next event of its key counts again. A row without the storage class or
    restore state that S3 lists gets it. A run that was interrupted continues where it stopped.

    Rows of keys that are not in the catalog any more (setting buckets) are removed: those of a
    prefix that was taken away, and without PREFIX also those of each bucket that was. Such a bucket
    can be named, too. Its objects stay as they are.

    Of a bucket with more than a million keys (--in-account-above) the others are compared in the
    account, by many functions at the same time, if it has the state machine for it: with attached
    buckets or reconcile=nightly.

    Then the rows are recounted, and the totals of the folders under PREFIX corrected. That takes
    half a minute and the setting totals_window more, so that no change is counted twice. Totals of
    folders without objects are deleted. Without PREFIX, all buckets are repaired, and the messages
    of `totals` in the dead-letter queue are deleted: the recount includes them. A bucket that was
    compared in the account is recounted only if there are such messages, for that reads all its
    rows. Exits with 1 if folders changed during every recount. A bucket that is gone or forbidden
    is an error, after the others are repaired.

    For example:

        reinventure repair
        reinventure repair photos/2026/
        reinventure repair s3://detached-bucket/
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    if place.bucket and catalog.has_left(place.bucket):
        if place.key:
            raise UserError(
                f"s3://{place.bucket} is not in the catalog any more: `reinventure repair "
                f"s3://{place.bucket}/` removes all its rows"
            )
        with Steps() as steps:
            remove_bucket(catalog.choose_left(place.bucket), steps, restart=restart)
        return
    # A prefix that left the scope is repaired, too: its rows are removed.
    chosen = (
        chosen_buckets.every(catalog) if place == EVERYWHERE else [catalog.choose(place.bucket)]
    )
    ends = [chosen_buckets.ordinal(number, len(chosen)) for number in range(1, len(chosen) + 1)]
    whole = not place.key and len(chosen) == len(catalog.scope.buckets)
    failures, done = chosen_buckets.Failures(chosen), list[_Reconciled]()
    with Steps() as steps:
        for each, end in zip(chosen, ends, strict=True):
            reconciled = _Reconciled(0, in_account=False)
            with failures.of(each.bucket):
                reconciled = _reconcile(
                    each, place.key, steps, end, restart=restart, in_account_above=in_account_above
                )
            done.append(reconciled)
        # Before the recount: it may not include changes that fail from now on.
        uncounted = dead_letters.uncounted(catalog) if whole else set()
        if any(each.rows for each in done):
            _settle(catalog, steps)
        recounted = [
            _recount(each, steps, place.key, end)
            for each, reconciled, end in zip(chosen, done, ends, strict=True)
            if uncounted or not reconciled.in_account
        ]
        forgotten = sum(
            _forget_empty(each, steps, place.key, end)
            for each, reconciled, end in zip(chosen, done, ends, strict=True)
            if uncounted or not reconciled.in_account
        )
    corrected, folders = (
        sum(each.corrected for each in recounted),
        sum(each.folders for each in recounted),
    )
    print(f"Corrected the totals of {corrected:,} of {folders:,} folders.")
    if forgotten:
        print(f"Deleted {forgotten:,} rows of totals of folders without objects.")
    _check_rest(recounted)
    if uncounted:
        removed = dead_letters.remove(catalog, uncounted)
        print(f"Deleted {removed:,} messages of totals from the dead-letter queue.")
    if place == EVERYWHERE:
        with Steps() as steps:
            for bucket in catalog.left_buckets():
                remove_bucket(catalog.choose_left(bucket), steps, restart=restart)
    failures.check()


def _reconcile(
    catalog: DeployedCatalog,
    prefix: str,
    steps: Steps,
    end: str,
    *,
    restart: bool,
    in_account_above: int,
) -> _Reconciled:
    """Repair the rows of the bucket of `catalog`.

    `end` is that of the line of progress, if there are several buckets.
    """
    began = utc_now()
    path = repair_progress.path_for(catalog.table, f"{catalog.bucket}/{prefix}")
    progress = Progress() if restart else repair_progress.load(path)
    if progress.execution:
        print("Waiting for the comparison in the account that the last run started.")
    elif progress.after:
        where = printable(progress.after)
        print(f"Continuing after {where}, where the last run stopped (--restart starts again).")
    continued = progress.after or progress.execution
    removed = _remove_rows(catalog, prefix, steps, restart=restart)
    if not progress.execution:
        steps.begin(f"Reconciling s3://{catalog.bucket}/{prefix}{end}")
        machine = catalog.outputs.reconcile_machine_arn
        limit = in_account_above if machine else None
        for done in _repairs(catalog, prefix, progress.after):
            progress = Progress(
                done.key, progress.compared + done.compared, progress.repaired + done.repaired
            )
            repair_progress.save(path, progress)
            steps.advance(done.compared)
            if limit is not None and progress.compared > limit:
                comparison = account_comparison.start(catalog, prefix, progress.after)
                progress.execution = comparison.execution
                repair_progress.save(path, progress)
                print(
                    f"More than {limit:,} keys: the others are compared in the account, also if "
                    f"this command is interrupted. The execution is {comparison.execution}"
                )
                break
    if progress.execution:
        _await_account(catalog, progress, path, steps)
    path.unlink(missing_ok=True)
    others = "; the account compared the others" if progress.execution else ""
    bucket = f"s3://{catalog.bucket}/: " if end else ""
    print(f"{bucket}Repaired {progress.repaired:,} of {progress.compared:,} keys compared{others}.")
    if not (prefix or continued or progress.execution or removed or progress.repaired):
        record_equal(catalog, began)
    return _Reconciled(removed + progress.repaired, in_account=bool(progress.execution))


def backfill(catalog: DeployedCatalog, prefix: str, steps: Steps, /, *, restart: bool) -> None:
    """Repair the rows of the bucket of `catalog`, none of which may be there yet, as `repair` does.

    A run that was interrupted continues where it stopped, unless it shall `restart`. Raises
    UserError, ContendedError, and botocore's ClientError or BotoCoreError.
    """
    _reconcile(catalog, prefix, steps, "", restart=restart, in_account_above=MAX_KEYS_HERE)


def _repairs(catalog: DeployedCatalog, prefix: str, after: str) -> Iterator[Checkpoint]:
    for each in catalog.scope.under(catalog.bucket, prefix):
        for done in reconcile(catalog.store(), catalog.stored(), prefix=each, after=after):
            catalog.require_in_scope(each)
            yield done


def _await_account(catalog: DeployedCatalog, progress: Progress, path: Path, steps: Steps) -> None:
    """Wait for the execution of `progress`, and show how many ranges of keys it has compared."""
    steps.begin(f"Comparing s3://{catalog.bucket}/ in the account")
    shown = RangesDone(0, 0)

    def report(now: RangesDone) -> None:
        nonlocal shown
        if now.ranges != shown.ranges:
            steps.begin(f"Comparing ranges of keys of s3://{catalog.bucket}/", now.ranges)
            shown = RangesDone(0, now.ranges)
        steps.advance(now.done - shown.done)
        shown = now

    try:
        account_comparison.resume(catalog, progress.execution).wait(
            report, partial(time.sleep, POLL_SECONDS)
        )
    except UserError:
        # The next run starts another.
        progress.execution = ""
        repair_progress.save(path, progress)
        raise


def remove_left(
    catalog: DeployedCatalog, entry: Entry, steps: Steps, /, *, restart: bool = False
) -> None:
    """Remove the rows of `entry`, which left the scope of `catalog`; print how many.

    The other prefixes of its bucket that are in the scope stay, with their totals. A run that was
    interrupted continues where it stopped, unless it shall `restart`. Raises CheckFailedError while
    changes of the bucket are still counted, or another command writes rows; ContendedError,
    UserError, and botocore's ClientError or BotoCoreError.
    """
    if entry.bucket not in catalog.scope.buckets:
        remove_bucket(catalog.choose_left(entry.bucket), steps, restart=restart)
        return
    chosen = catalog.choose(entry.bucket)
    if _remove_rows(chosen, entry.prefix, steps, restart=restart):
        _settle(catalog, steps)
    if chosen.has_left_rows(entry.prefix):
        raise CheckFailedError(
            f"{printable(f's3://{entry}')} still has rows, of a command that ran meanwhile: run "
            f"`reinventure repair s3://{entry.bucket}/`"
        )
    _check_rest([_recount(chosen, steps, entry.prefix)])
    _forget_empty(chosen, steps, entry.prefix)


def remove_bucket(catalog: DeployedCatalog, steps: Steps, *, restart: bool = False) -> None:
    """Remove all rows and totals of the bucket of `catalog`, which left the scope; print how many.

    A run that was interrupted continues where it stopped, unless it shall `restart`. Raises
    CheckFailedError while changes of the bucket are still counted, ContendedError, UserError, and
    botocore's ClientError or BotoCoreError.
    """
    if _remove_rows(catalog, "", steps, restart=restart):
        _settle(catalog, steps)
    # Of all rows, also if the progress was of a removal before the bucket was attached again.
    _check_rest([_recount(catalog, steps)])
    steps.begin(f"Deleting the totals of s3://{catalog.bucket}/")
    # Attached again, it is another: nothing has compared it yet.
    catalog.last_verified().forget(catalog.bucket)
    if not forget(catalog.totals(), catalog.bucket):
        raise CheckFailedError(
            f"s3://{catalog.bucket}/ still has rows, or changes that are being counted: run "
            f"`reinventure repair s3://{catalog.bucket}/` again"
        )


def _remove_rows(catalog: DeployedCatalog, prefix: str, steps: Steps, *, restart: bool) -> int:
    """Remove the rows under `prefix` of keys that left the scope; print and return how many."""
    if prefix in catalog.scope.under(catalog.bucket, prefix):
        return 0
    path = repair_progress.path_for(catalog.table, f"removal {catalog.bucket}/{prefix}")
    progress = Progress() if restart else repair_progress.load(path)
    place = printable(f"s3://{catalog.bucket}/{prefix}")
    if progress.after:
        print(f"Continuing the removal of rows of {place} where it stopped.")
    steps.begin(f"Removing rows of {place} whose keys left the catalog")
    for done in remove_out_of_scope(
        catalog.store(),
        catalog.current_scope,
        catalog.bucket,
        prefix=prefix,
        after=progress.after,
    ):
        progress = Progress(done.key, repaired=progress.repaired + done.rows)
        repair_progress.save(path, progress)
        steps.advance(done.rows)
    path.unlink(missing_ok=True)
    if progress.repaired:
        print(
            f"Removed {progress.repaired:,} rows of {place} whose keys are not in the catalog any "
            "more."
        )
    return progress.repaired


def _check_rest(recounted: Iterable[Recounted]) -> None:
    """Raise CheckFailedError if folders changed during every recount."""
    if restless := [folder for each in recounted for folder in each.restless]:
        folder = printable(restless[0]) or "the bucket"
        raise CheckFailedError(
            f"{len(restless):,} folders, such as {folder}, changed during every recount. "
            "Run the command again when fewer writers change them"
        )


def _recount(catalog: DeployedCatalog, steps: Steps, prefix: str = "", end: str = "") -> Recounted:
    """Make the totals under `prefix` equal to the rows.

    `end` is that of the line of progress, if there are several buckets.
    """
    steps.begin(f"Comparing the totals of s3://{catalog.bucket}/{prefix} with the rows{end}")
    return recount(
        catalog.totals(),
        catalog.bucket,
        lambda: steps.each(catalog.all_rows(prefix)),
        partial(_pause, steps),
        window=catalog.outputs.totals_window,
        prefix=prefix,
    )


def _forget_empty(catalog: DeployedCatalog, steps: Steps, prefix: str = "", end: str = "") -> int:
    """Delete the rows of totals of folders without objects under `prefix`; return how many."""
    steps.begin(f"Deleting totals of empty folders of s3://{catalog.bucket}/{prefix}{end}")
    return forget_empty(catalog.totals(), catalog.bucket, prefix)


def _settle(catalog: DeployedCatalog, steps: Steps) -> None:
    """Wait until the changes of this command are counted, so that a recount need not wait."""
    _pause(steps, catalog.outputs.totals_window + SETTLING_SECONDS)


def _pause(steps: Steps, seconds: float) -> None:
    steps.begin(f"Waiting {seconds:.0f} s until changes on their way are counted")
    time.sleep(seconds)


def failed(
    json: Json = False,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """List what failed for good: id, time, function, reason, keys.

    Each function has a dead-letter queue, which keeps messages for 14 days. `reinventure redrive`
    tries again what could not be catalogued or published; `reinventure repair` counts what could
    not be counted. "not trusted" is a message that the role of its function did not send.

    For example:

        reinventure failed
        reinventure failed --json
    """
    catalog = deployed_catalog.find(session(profile, region), stack)
    show = dead_letter_output.dead_letter_json if json else dead_letter_output.dead_letter_lines
    waiting = dead_letters.waiting(catalog, dead_letters.queues(catalog))
    for letter in waiting:
        print(show(letter))
    if not waiting and not json:
        print("Nothing failed.")


def redrive(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Ids of failed events, or beginnings of ids."),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All failed events.")] = False,
    yes: Yes = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SENDER", help="A sender to trust besides the function's role. Repeatable."
        ),
    ] = None,
    stack: Stack = CATALOG,
    profile: Profile = None,
    region: Region = None,
) -> None:
    """Try failed events again, and delete those that succeed from their dead-letter queue.

    An event goes to the function whose role sent it to the queue, and through the same code as all
    events; one that is superseded by a later event changes nothing. Changes that could not be
    published are read from the table's stream again, which keeps them for 24 hours. A message of
    another sender is not trusted: it may be forged.

    AWS documents no sender ids of SNS and EventBridge, which send what they cannot deliver (with
    the transports sns and eventbridge only). Compare such a message with the bucket, then trust its
    sender, or run `reinventure repair`.

    At a terminal, shows what it will do, and asks. Exits with 1 if an event failed again or is not
    trusted: it stays in the queue.

    For example:

        reinventure redrive --all
        reinventure redrive 5f0c 91ab --yes
    """
    if every == bool(ids):
        raise UserError("choose the events to redrive: --all, or ids from `reinventure failed`")
    catalog = deployed_catalog.find(session(profile, region), stack)
    if not catalog.outputs.ingest_role_id:
        raise UserError(
            f"stack {stack!r} was deployed by a version before 1.0, without the ids of roles that "
            "senders are compared with: deploy it again"
        )
    queues, trusted = dead_letters.queues(catalog), set(trust or [])
    chosen = tuple(ids or [""])
    if not yes and _at_a_terminal():
        waiting = dead_letters.waiting(catalog, queues, trusted)
        shown = [letter for letter in waiting if letter.id.startswith(chosen)]
        if any(letter.refusal is None for letter in shown) and not _confirmed(shown):
            print("Nothing redriven.")
            return
        # Without those that came meanwhile.
        chosen = tuple(letter.id for letter in shown)
    done, again, refused = 0, 0, 0
    staying = []
    try:
        for letter in dead_letters.receive(catalog, queues, trusted):
            staying.append(letter)
            if not letter.id.startswith(chosen):
                continue
            if letter.function is None:
                refused += 1
                print(f"{letter.id} {printable(letter.refusal or '')}", file=sys.stderr)
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
    if ids and not done and not again and not refused:
        raise UserError(
            f"no failed event has an id that begins with {' or '.join(map(repr, ids))}: see "
            "`reinventure failed`"
        )
    untrusted = f", {refused:,} not trusted" if refused else ""
    print(f"{done:,} redriven, {again:,} failed again{untrusted}.")
    raise typer.Exit(EXIT_CHECK_FAILED if again or refused else 0)


def _confirmed(letters: Iterable[DeadLetter]) -> bool:
    """Show what becomes of `letters`; return whether the person at the terminal agrees."""
    for letter in letters:
        print(dead_letter_output.dead_letter_lines(letter))
        if letter.function:
            print(f"  {letter.refusal or f'goes to {letter.function}'}")
    return typer.confirm("Redrive?")


def _at_a_terminal() -> bool:
    """Whether a person sees the output and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


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
    catalog = deployed_catalog.find(session(profile, region), stack).own()
    with Steps() as steps:
        steps.begin(f"Putting an object into s3://{catalog.bucket}, and waiting for its row")
        seen = smoke_test.smoke(catalog, patience)
    print(
        f"{seen.key}: its row came in {seen.row_seconds:.2f} s, and its tombstone in "
        f"{seen.tombstone_seconds:.2f} s."
    )
