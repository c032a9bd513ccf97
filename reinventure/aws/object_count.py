"""How many objects a bucket or prefix has, without listing all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reinventure.aws import permission
from reinventure.aws.connection import config
from s3_catalog.model.scope import Entry
from s3_catalog.model.timestamps import utc_now

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudwatch import CloudWatchClient

_RECENT = timedelta(days=4)
"""S3 sends the number of objects once a day, for the day before."""


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """There are at least `least` objects, and at most `most`, if that is not None.

    `day` (UTC) is when S3 counted `most`, in the whole bucket, with old versions, delete markers
    and parts of unfinished uploads; None if the listing was short enough to count.
    """

    least: int
    most: int | None
    day: date | None = None

    @property
    def expected(self) -> int:
        """The number for an estimate: the largest one that is known."""
        return self.least if self.most is None else self.most


def object_count(
    session: "boto3.Session", entry: Entry, *, account: str, clock: Callable[[], datetime] = utc_now
) -> ObjectCount:
    """Return the count of the objects of `entry`, in a bucket of `account`, from one page.

    If there are more pages, CloudWatch has a count of the whole bucket, unless it is new or the
    caller may not read it.

    Raises UserError for the permission to list, and botocore's ClientError or BotoCoreError.
    """
    client = session.client("s3", config=config())
    with permission.needed("s3:ListBucketVersions", f"s3://{entry}"):
        page = client.list_object_versions(
            Bucket=entry.bucket, Prefix=entry.prefix, ExpectedBucketOwner=account
        )
    listed = sum(version["IsLatest"] for version in page.get("Versions", []))
    if not page.get("IsTruncated"):
        return ObjectCount(listed, listed)
    metric = _metric(session.client("cloudwatch", config=config()), entry.bucket, clock())
    if metric is None or metric[1] < listed:  # The bucket has grown since.
        return ObjectCount(listed, None)
    day, number = metric
    return ObjectCount(listed, number, day)


def _metric(client: "CloudWatchClient", bucket: str, now: datetime) -> tuple[date, int] | None:
    """Return the newest count of `bucket`, and its day."""
    try:
        answer = client.get_metric_statistics(
            Namespace="AWS/S3",
            MetricName="NumberOfObjects",
            Dimensions=[
                {"Name": "BucketName", "Value": bucket},
                {"Name": "StorageType", "Value": "AllStorageTypes"},
            ],
            StartTime=now - _RECENT,
            EndTime=now,
            Period=86_400,
            Statistics=["Average"],
        )
    except ClientError as error:
        if not permission.refused(error):
            raise
        return None
    # S3's days are of UTC, boto3's datetimes in the zone of this machine.
    points = [
        (point["Timestamp"].astimezone(UTC).date(), int(point["Average"]))
        for point in answer["Datapoints"]
    ]
    return max(points, default=None)
