"""Which error rates of a new version are accepted, and where the numbers come from."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from s3_catalog.exceptions import WorseError
from s3_catalog.rollout.comparison import Invocations, compare, invocations


@pytest.mark.parametrize(
    ("new", "before"),
    [
        (Invocations(0, 0), Invocations(0, 0)),
        (Invocations(1000, 0), Invocations(10, 0)),
        (Invocations(3, 3), Invocations(1000, 0)),
        (Invocations(1000, 10), Invocations(1000, 0)),
        (Invocations(100, 50), Invocations(100, 50)),
    ],
    ids=["no invocations", "no errors", "3 errors", "1 percent more", "as many as before"],
)
def test_a_version_that_is_not_worse_is_accepted(new: Invocations, before: Invocations) -> None:
    compare(new, before)


@pytest.mark.parametrize(
    ("new", "before"),
    [
        (Invocations(4, 4), Invocations(0, 0)),
        (Invocations(1000, 11), Invocations(1000, 0)),
        (Invocations(100, 52), Invocations(100, 50)),
    ],
)
def test_a_version_that_is_worse_is_refused(new: Invocations, before: Invocations) -> None:
    with pytest.raises(WorseError, match=r"invocations of the new version failed, before it"):
        compare(new, before)


def test_invocations_of_the_last_three_hours_are_counted_by_version(aws: None) -> None:
    cloudwatch = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    seven = [
        {"Name": "FunctionName", "Value": "ingest"},
        {"Name": "Resource", "Value": "ingest:live"},
        {"Name": "ExecutedVersion", "Value": "7"},
    ]
    for dimensions, count, errors, minutes in (
        (seven, 10.0, 4.0, 170),
        (seven[:2], 110.0, 5.0, 10),
        (seven[:2], 1.0, 1.0, 190),
    ):
        for name, value in (("Invocations", count), ("Errors", errors)):
            cloudwatch.put_metric_data(
                Namespace="AWS/Lambda",
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": dimensions,  # type: ignore[typeddict-item]
                        "Value": value,
                        "Timestamp": now - timedelta(minutes=minutes),
                    }
                ],
            )
    assert invocations(cloudwatch, "ingest", "live", "7") == (
        Invocations(10, 4),
        Invocations(100, 1),
    )
    assert invocations(cloudwatch, "ingest", "live", "8") == (
        Invocations(0, 0),
        Invocations(110, 5),
    )
