"""Raw XML through botocore's client: signed, and neither parsed nor written by its model."""

import pytest
from botocore.exceptions import ClientError

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from tests.unit.attachment.bucket_model import SWITCH, BucketModel, document

FUTURE = document("<FutureConfiguration a='1'><X>ü &lt; </X></FutureConfiguration>", SWITCH)


def test_what_is_read_are_the_bytes_of_s3(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    bucket_model.content = FUTURE
    assert notifications.read("photos").content == FUTURE


def test_what_is_written_are_these_bytes(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    notifications.write("photos", FUTURE)
    assert bucket_model.requests == [("PUT", FUTURE)]
    [headers] = bucket_model.headers
    assert headers["x-amz-skip-destination-validation"] == "true"
    assert headers["x-amz-expected-bucket-owner"] == "123456789012"
    assert headers["content-length"] == str(len(FUTURE))
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_readings_name_the_account_that_must_own_the_bucket(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    notifications.read("photos")
    notifications.region("photos")
    assert [each["x-amz-expected-bucket-owner"] for each in bucket_model.headers] == [
        "123456789012"
    ] * 2


@pytest.mark.parametrize(
    ("location", "region"),
    [("", "us-east-1"), ("EU", "eu-west-1"), ("eu-central-1", "eu-central-1")],
)
def test_the_first_regions_have_names_of_their_own(
    location: str, region: str, bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    bucket_model.location = location
    assert notifications.region("photos") == region


def test_a_refusal_is_an_error_after_one_attempt(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    bucket_model.faults = dict.fromkeys(range(10), 503)
    with pytest.raises(ClientError):
        notifications.write("photos", FUTURE)
    assert len(bucket_model.requests) == 1
