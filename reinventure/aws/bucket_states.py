"""The buckets of a catalog: how much each has, how current it is, and whether its events come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.totals.newest_event import NewestEvent
from s3_catalog.totals.tally import Total

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog


@dataclass(frozen=True, slots=True)
class BucketState:
    """A `bucket` of the scope, its `prefixes` there, and its `total` in the catalog.

    `newest` is the newest event that the total includes, None if it is not known. `verified` is the
    beginning of the last comparison that found the whole bucket equal, None if none did.
    `own`: the stack made it. `problem` is why its events do not come, None if they do.
    """

    bucket: str
    prefixes: tuple[str, ...]
    total: Total
    newest: NewestEvent | None
    verified: datetime | None
    own: bool
    problem: str | None


def bucket_states(catalog: "DeployedCatalog") -> Iterator[BucketState]:
    """Yield the state of each bucket, by name. Of an attached one, S3 is asked for its switch.

    Raises botocore's ClientError when the totals cannot be read, or BotoCoreError.
    """
    notifications = catalog.notifications()
    totals = catalog.totals()
    verified = catalog.last_verified().moments()
    for bucket in catalog.scope.buckets:
        own = bucket == catalog.outputs.bucket_name
        yield BucketState(
            bucket=bucket,
            prefixes=catalog.scope.prefixes(bucket),
            total=totals.total(bucket, ""),
            newest=totals.newest_event(bucket),
            verified=verified.get(bucket),
            own=own,
            problem=None if own else _problem(notifications, bucket),
        )


def _problem(notifications: BucketNotifications, bucket: str) -> str | None:
    try:
        on = notifications.read(bucket).on
    except ClientError as error:
        return f"unknown, S3 answers {error.response['Error']['Code']}"
    return None if on else "EventBridge is off"
