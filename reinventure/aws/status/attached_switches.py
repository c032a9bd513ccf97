"""Whether attached buckets send their events."""

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reinventure.aws.connection import explain
from reinventure.aws.permission import refused
from reinventure.aws.status.check import Check, State
from s3_catalog.model.scope import Entry

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog

_THREADS = 16


def checks(catalog: "DeployedCatalog") -> Iterator[Check]:
    """Yield a check for each attached bucket that sends no events, or one if all do.

    Needs the permission s3:GetBucketNotification. Raises botocore's ClientError for an error that
    is not of one bucket, or BotoCoreError.
    """
    attached = [each for each in catalog.scope.buckets if each != catalog.outputs.bucket_name]
    if not attached:
        return
    notifications = catalog.notifications()

    def check(bucket: str) -> Check | None:
        try:
            on = notifications.read(bucket).on
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchBucket":
                return Check(
                    "bucket",
                    State.WRONG,
                    f"s3://{bucket} does not exist any more",
                    remedy=f"reinventure detach {_first_place(catalog, bucket)}",
                )
            state = State.NOT_SEEN if refused(error) else State.WRONG
            return Check("bucket", state, f"s3://{bucket}: {explain(error)}")
        if on:
            return None
        return Check(
            "bucket",
            State.WRONG,
            f"s3://{bucket} sends no events: EventBridge is off there",
            remedy=f"reinventure attach {_first_place(catalog, bucket)}",
        )

    with ThreadPoolExecutor(_THREADS) as pool:
        wrong = list(filter(None, pool.map(check, attached)))
    yield from wrong
    if not wrong:
        yield Check("buckets", State.FINE, f"{len(attached):,} attached, all send their events")


def _first_place(catalog: "DeployedCatalog", bucket: str) -> str:
    """Return one of the places of `bucket` as it is attached: all have the same switch.

    It is quoted for a shell.
    """
    return shlex.quote(f"s3://{Entry(bucket, catalog.scope.prefixes(bucket)[0])}")
