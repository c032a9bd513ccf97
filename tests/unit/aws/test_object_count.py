"""The number of objects of a bucket: counted, or S3's own count of a recent day."""

from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from reinventure.aws.object_count import ObjectCount, object_count
from s3_catalog.model.scope import Entry
from s3_catalog.model.timestamps import utc_now

ACCOUNT = "123456789012"


@pytest.fixture
def bucket(session: boto3.Session) -> str:
    """A bucket with old versions, a delete marker and two objects, one of them below in/."""
    s3, name = session.client("s3"), f"count-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("gone", "in/a", "in/a", "out"):
        s3.put_object(Bucket=name, Key=key)
    s3.delete_object(Bucket=name, Key="gone")
    return name


class Session:
    """The session of moto, whose listings have three versions a page, and a CloudWatch."""

    def __init__(self, session: boto3.Session) -> None:
        self.s3 = session.client("s3")
        self.s3.meta.events.register("before-parameter-build.s3.ListObjectVersions", self._three)
        self.cloudwatch = session.client("cloudwatch")

    def client(self, service: str, **_options: Any) -> Any:
        return {"s3": self.s3, "cloudwatch": self.cloudwatch}[service]

    def _three(self, params: dict[str, Any], **_event: object) -> None:
        params["MaxKeys"] = 3


@pytest.fixture
def paged(session: boto3.Session) -> Iterator[tuple[Any, Stubber]]:
    """A session whose listings are truncated, and the stub of its CloudWatch."""
    made = Session(session)
    with Stubber(made.cloudwatch) as stubber:
        yield made, stubber
        stubber.assert_no_pending_responses()


def test_a_short_listing_is_counted(session: boto3.Session, bucket: str) -> None:
    assert object_count(session, Entry(bucket), account=ACCOUNT) == ObjectCount(2, 2)
    assert object_count(session, Entry(bucket, "in/"), account=ACCOUNT) == ObjectCount(1, 1)
    assert object_count(session, Entry(bucket, "no/"), account=ACCOUNT) == ObjectCount(0, 0)


def test_of_a_longer_one_the_newest_count_of_s3_is_the_most(
    paged: tuple[Any, Stubber], bucket: str
) -> None:
    session, stubber = paged
    now = utc_now()
    today, before = now.replace(hour=0), now.replace(hour=0) - timedelta(days=1)
    # As boto3 has them: in the zone of this machine. In New York, the day of S3 has not begun.
    there = timezone(timedelta(hours=-5))
    points = [
        {"Timestamp": today.astimezone(there), "Average": 500.0},
        {"Timestamp": before.astimezone(there), "Average": 900.0},
    ]
    expected = {
        "Namespace": "AWS/S3",
        "MetricName": "NumberOfObjects",
        "Dimensions": [
            {"Name": "BucketName", "Value": bucket},
            {"Name": "StorageType", "Value": "AllStorageTypes"},
        ],
        "StartTime": now - timedelta(days=4),
        "EndTime": now,
        "Period": 86_400,
        "Statistics": ANY,
    }
    stubber.add_response("get_metric_statistics", {"Datapoints": points}, expected)
    found = object_count(session, Entry(bucket), account=ACCOUNT, clock=lambda: now)
    # The first page has "gone", its delete marker and one object.
    assert found == ObjectCount(1, 500, today.date())
    assert found.expected == 500


@pytest.mark.parametrize("average", [None, 0.0])
def test_without_a_count_that_fits_there_is_no_most(
    paged: tuple[Any, Stubber], bucket: str, average: float | None
) -> None:
    session, stubber = paged
    points = [] if average is None else [{"Timestamp": utc_now(), "Average": average}]
    stubber.add_response("get_metric_statistics", {"Datapoints": points})
    found = object_count(session, Entry(bucket), account=ACCOUNT)
    assert found == ObjectCount(1, None)
    assert found.expected == 1


def test_the_count_of_s3_is_not_needed(paged: tuple[Any, Stubber], bucket: str) -> None:
    session, stubber = paged
    stubber.add_client_error("get_metric_statistics", "AccessDenied")
    assert object_count(session, Entry(bucket), account=ACCOUNT) == ObjectCount(1, None)
    stubber.add_client_error("get_metric_statistics", "InternalServiceFault")
    with pytest.raises(ClientError):
        object_count(session, Entry(bucket), account=ACCOUNT)
