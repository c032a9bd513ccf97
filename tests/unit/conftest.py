"""AWS as moto mocks it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from moto import mock_aws

from s3_catalog.aws_api.access import Access
from s3_catalog.aws_api.signature import Credentials
from tests.combined_client import CombinedClient
from tests.moto_endpoint import moto_endpoint

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "photos-example"


@pytest.fixture(scope="session", autouse=True)
def aws() -> Iterator[None]:
    """AWS as moto mocks it, and credentials that are none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            yield


@pytest.fixture(scope="session")
def mocked(aws: None) -> Iterator[Access]:
    """Access to AWS as moto mocks it, for our own clients."""
    with moto_endpoint() as url:
        variables = {"AWS_ENDPOINT_URL": url}
        yield Access("us-east-1", lambda: Credentials("testing", "testing"), variables)


@pytest.fixture(scope="session")
def s3(mocked: Access) -> "S3Client":
    return cast("S3Client", CombinedClient(mocked.s3(), boto3.client("s3")))


@pytest.fixture(scope="session")
def bucket(s3: "S3Client") -> str:
    """The bucket that the events in tests/s3_events/ are about, versioned."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return BUCKET
