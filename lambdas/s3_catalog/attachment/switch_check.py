"""Whether S3 still sends the events of attached buckets to EventBridge.

Anyone who replaces a bucket's notification configuration turns them off, without a trace in the
catalog: events just stop.
"""

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.exceptions import EventBridgeSwitchError, MalformedError


def check_switches(notifications: BucketNotifications, buckets: Iterable[str]) -> None:
    """Raise EventBridgeSwitchError if S3 does not send the events of each of `buckets`.

    It names every such bucket, and those whose configuration cannot be read.
    """
    faults = []
    for bucket in buckets:
        try:
            if not notifications.read(bucket).on:
                faults.append(f"{bucket}: EventBridge is off, so its changes are not catalogued")
        except (BotoCoreError, ClientError, MalformedError) as error:
            faults.append(f"{bucket}: {error}")
    if faults:
        raise EventBridgeSwitchError("; ".join(faults))
