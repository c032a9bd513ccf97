"""Attaching a bucket, or a prefix of it: everything after the question.

The notification configuration is kept in a file, the list of buckets changed and deployed, the
configuration compared, the bucket's objects catalogued (the backfill), and bucket and catalog
compared. A run that is interrupted continues at the step where it stopped.

S3 sends no event of a change in the first minutes after the EventBridge switch was turned on, and
EventBridge takes a moment to use a new rule. The backfill may have listed the key before. So the
comparison begins minutes after the deployment, also where the switch was on: another attachment or
a person may just have turned it on.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Protocol

from reinventure.attaching import attach_progress, found_notifications
from reinventure.attaching.attach_progress import AttachProgress
from reinventure.attaching.changed_deployment import ChangedDeployment
from reinventure.attaching.listed_buckets import deployed_buckets, require_as_deployed, with_entry
from reinventure.attaching.settled_comparison import Compared, compare
from reinventure.aws import deployed_catalog
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from reinventure.progress import Steps
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.model.scope import Entry


class Backfill(Protocol):
    """Writes the row of every object of the chosen bucket under a prefix that lacks it."""

    def __call__(
        self, catalog: DeployedCatalog, prefix: str, steps: Steps, /, *, restart: bool
    ) -> object:
        """Begin at the beginning, or without `restart` where the last run stopped."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, as Unix time in seconds, and a `pause` of some seconds."""

    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep


def is_unfinished(entry: Entry, catalog: DeployedCatalog) -> bool:
    """Return whether `entry` is attached, but a run of `attach` did not come to its end."""
    path = attach_progress.path_for(catalog.table, entry)
    return entry in catalog.scope.entries and attach_progress.load(path) is not None


def attach(
    entry: Entry,
    catalog: DeployedCatalog,
    deployment: ChangedDeployment,
    backfill: Backfill,
    clock: Clock = Clock(),
) -> datetime | None:
    """Attach `entry` to `catalog`, or continue where the last run stopped.

    Prints what is done, and EQUAL at the end. Returns when the comparison began that found all keys
    of the bucket equal that the catalog has; None if it has other prefixes of it, or if the
    comparison continued that of an earlier run.

    Raises UserError when the deployment fails, when the
    notifications of others changed meanwhile, or EventBridge is off at the end; CheckFailedError if
    bucket and catalog differ; botocore's ClientError or BotoCoreError; and what `backfill` raises.
    """
    url = f"s3://{entry}"
    path = attach_progress.path_for(catalog.table, entry)
    notifications = catalog.notifications()
    progress = attach_progress.load(path)
    begins = progress is None or entry not in catalog.scope.entries
    if begins or (progress and progress.deployed_at is None):
        # Someone else may have deployed while the question waited for its answer.
        now_deployed = deployed_catalog.find(catalog.session, catalog.stack)
        require_as_deployed(deployment.buckets(), deployed_buckets(now_deployed), entry)
    if progress is None or begins:
        progress = _begin(entry.bucket, notifications, clock)
        attach_progress.save(path, progress)
    if progress.deployed_at is None:
        deployment.change(lambda buckets: with_entry(buckets, entry))
        progress = replace(progress, deployed_at=clock.now())
        attach_progress.save(path, progress)
        now = notifications.read(entry.bucket)
        found_notifications.require_unchanged(entry.bucket, Path(progress.found), now)
        print(f"The other notifications of s3://{entry.bucket} ({len(now.entries)}) are as found.")
    else:
        print(f"Continuing to attach {url}, where the last run stopped.")
    attached = deployed_catalog.find(catalog.session, catalog.stack).choose(entry.bucket)
    with Steps() as steps:
        if not progress.backfilled:
            begun, progress = progress.backfilling, replace(progress, backfilling=True)
            attach_progress.save(path, progress)
            # A comparison of the bucket's other prefixes is none of the whole bucket any more.
            attached.last_verified().forget(entry.bucket)
            backfill(attached, entry.prefix, steps, restart=not begun)
            progress = replace(progress, backfilled=True)
            attach_progress.save(path, progress)
        _wait_until((progress.deployed_at or 0) + deployment.eventbridge_seconds, steps, clock)
        _require_on(entry.bucket, notifications, path, progress)
        steps.begin(f"Comparing {url} with its catalog")
        began, done = clock.now(), Compared(progress.after, progress.keys, progress.corrected)
        for now_done in compare(attached, entry.prefix, done, clock.pause):
            attached.require_in_scope(entry.prefix)
            steps.advance(now_done.keys - done.keys)
            done = now_done
            attach_progress.save(path, replace(progress, **asdict(done)))
        _require_on(entry.bucket, notifications, path, progress)
    path.unlink(missing_ok=True)
    also = f", {done.corrected:,} of them corrected" if done.corrected else ""
    print(f"EQUAL: {done.keys:,} keys compared{also}.")
    whole = attached.scope.prefixes(entry.bucket) == (entry.prefix,) and not progress.keys
    return datetime.fromtimestamp(began, UTC) if whole else None


def _begin(bucket: str, notifications: BucketNotifications, clock: Clock) -> AttachProgress:
    kept = found_notifications.keep(bucket, notifications.read(bucket), clock.now())
    print(f"Saved the notification configuration of s3://{bucket} as found: {kept}")
    return AttachProgress(str(kept))


def _wait_until(moment: float, steps: Steps, clock: Clock) -> None:
    left = moment - clock.now()
    if left <= 0:
        return
    minutes = ceil(left / 60)
    steps.begin(
        f"Waiting {minutes} minute{'s' if minutes > 1 else ''} until EventBridge has every event "
        "(Ctrl-C and the same command continue)",
        ceil(left),
    )
    while (left := moment - clock.now()) > 0:
        clock.pause(min(left, 1))
        steps.advance()


def _require_on(
    bucket: str, notifications: BucketNotifications, path: Path, progress: AttachProgress
) -> None:
    """Raise UserError if EventBridge is off; the next run then waits and compares anew."""
    if notifications.read(bucket).on:
        return
    again = replace(progress, deployed_at=None, **asdict(Compared()))
    attach_progress.save(path, again)
    raise UserError(
        f"EventBridge was turned off for s3://{bucket} meanwhile, by another writer of its "
        "notifications. Turn it on in S3's console (Properties, Amazon EventBridge), then run the "
        "command again"
    )
