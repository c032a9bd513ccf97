"""Detaching a bucket, or a prefix of it: what becomes of it, and doing it.

The list of buckets is changed and deployed, then the rows are removed. A run that is interrupted
continues where it stopped: with the deployment, or with the rows that are left.
"""

import time
from typing import Protocol

from botocore.exceptions import ClientError

from reinventure.attaching import attach_progress, found_notifications
from reinventure.attaching.changed_deployment import ChangedDeployment
from reinventure.attaching.listed_buckets import (
    deployed_buckets,
    entries,
    require_as_deployed,
    without_entry,
)
from reinventure.aws import deployed_catalog, deployed_stack
from reinventure.aws.attach_plan import other_rules
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import UserError
from reinventure.progress import Steps
from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.notification_document import NotificationDocument
from s3_catalog.model.scope import Entry


class Removal(Protocol):
    """Removes the rows of an entry that left the scope of the catalog, and prints how many."""

    def __call__(
        self, catalog: DeployedCatalog, entry: Entry, steps: Steps, /, *, restart: bool
    ) -> object:
        """Begin at the beginning, or without `restart` where the last run stopped."""


def require_detachable(entry: Entry, catalog: DeployedCatalog, listed: str) -> None:
    """Raise UserError if nothing of `entry` is left to detach from `catalog`.

    `listed` is the setting `buckets`. An entry can be detached that is deployed or in the setting,
    or one whose rows a run before has not removed. The bucket of its own cannot. Raises botocore's
    ClientError or BotoCoreError as well.
    """
    if entry.bucket == catalog.outputs.bucket_name:
        raise UserError(
            f"s3://{entry.bucket} is the bucket of its own of the catalog, which only "
            "`make destroy` removes"
        )
    attached = deployed_buckets(catalog).attached.entries
    if entry in attached or entry in entries(listed) or _has_rows(entry, catalog):
        return
    urls = ", ".join(f"s3://{each}" for each in attached)
    raise UserError(
        f"s3://{entry} is not attached; these are: {urls}"
        if urls
        else f"s3://{entry} is not attached, and no other bucket is"
    )


def switch_outlook(entry: Entry, catalog: DeployedCatalog) -> str:
    """Return what becomes of the EventBridge switch of the bucket, as a clause for a person.

    Raises UserError for a permission that is missing; botocore's ClientError or BotoCoreError.
    """
    bucket = entry.bucket
    attached = deployed_buckets(catalog).attached
    for other in attached.entries:
        if other.bucket == bucket and other != entry:
            return f"stays on: s3://{other} is attached"
    if bucket not in attached.buckets:
        return "stays as it is: the deployment that detached the bucket has left it so"
    client = catalog.session.client("cloudformation", config=config())
    switches = deployed_stack.resources(client, catalog.stack, "Custom::EventBridgeSwitch")
    if f"{bucket}:switched-on" not in [physical_id for _, physical_id in switches]:
        return "stays as it is: it was on before the bucket was attached"
    if rules := other_rules(client, catalog, bucket):
        return f"stays on: other rules may need it: {', '.join(rules)}"
    return "is turned off: it was off before the bucket was attached"


def detach(
    entry: Entry,
    catalog: DeployedCatalog,
    deployment: ChangedDeployment | None,
    remove: Removal,
    outlook: str,
) -> None:
    """Detach `entry` from `catalog`, or continue where the last run stopped.

    Without a `deployment`, another one has taken it out of the setting, and its rows are left.

    Prints what is done and what is left; `outlook` is that of its switch before. A bucket that is
    gone or forbidden is detached as well. Raises UserError when the deployment fails, or when the
    notifications of others changed meanwhile; botocore's ClientError or BotoCoreError; and what
    `remove` raises.
    """
    bucket = entry.bucket
    # Someone else may have deployed while the question waited for its answer.
    deployed = deployed_buckets(deployed_catalog.find(catalog.session, catalog.stack))
    listed = deployment.buckets() if deployment else str(deployed)
    changes = entry in deployed.attached.entries or entry in entries(listed)
    if changes:
        require_as_deployed(listed, deployed, entry)
    notifications = catalog.notifications()
    found, kept = _read(notifications, bucket), None
    if isinstance(found, NotificationDocument):
        kept = found_notifications.keep(bucket, found, time.time())
        print(f"Saved the notification configuration of s3://{bucket} as found: {kept}")
    if deployment and changes:
        deployment.change(lambda buckets: without_entry(buckets, entry))
        attach_progress.path_for(catalog.table, entry).unlink(missing_ok=True)
    now = _read(notifications, bucket)
    print(f"EventBridge of s3://{bucket}: {_outcome(now, outlook)}.")
    if isinstance(now, NotificationDocument) and kept:
        found_notifications.require_unchanged(bucket, kept, now)
        print(f"The other notifications of s3://{bucket} ({len(now.entries)}) are as found.")
    left = deployed_catalog.find(catalog.session, catalog.stack)
    with Steps() as steps:
        remove(left, entry, steps, restart=changes)


def _has_rows(entry: Entry, catalog: DeployedCatalog) -> bool:
    """Whether the catalog has rows of `entry`, and none of them is in its scope."""
    if entry.bucket not in catalog.scope.buckets:
        return catalog.has_left(entry.bucket)
    if catalog.scope.under(entry.bucket, entry.prefix):
        return False
    return catalog.choose(entry.bucket).has_left_rows(entry.prefix)


def _read(notifications: BucketNotifications, bucket: str) -> NotificationDocument | str:
    """Return the configuration of `bucket`, or the code of S3's refusal."""
    try:
        return notifications.read(bucket)
    except ClientError as error:
        return str(error.response["Error"]["Code"])


def _outcome(now: NotificationDocument | str, outlook: str) -> str:
    if isinstance(now, str):
        return f"unknown, S3 answers {now}"
    if not now.on:
        return "off"
    reason = outlook.partition(": ")[2]
    if outlook.startswith("is turned off"):
        reason = "it was not turned off, the log of the function AttachedSwitch has the reason"
    return f"on ({reason})"
