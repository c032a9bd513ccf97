"""AWS as moto mocks it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws
from moto.core.common_models import BaseModel

from reinventure.aws import catalog_clients, environment_session
from tests.moto_endpoint import moto_endpoint
from tests.our_clients import CombinedClient, our_s3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "photos-example"


def _made(kind: Any, *_: object, **__: object) -> Any:
    """Make an object of moto as it does, but keep none of its DynamoDB.

    moto keeps a reference to every object that it ever made, also to the copy of a table that it
    makes for each transaction: a worker of pytest-xdist grew to gigabytes. It needs those of S3, to
    close their files.
    """
    made = super(BaseModel, kind).__new__(kind)
    if not kind.__module__.startswith("moto.dynamodb."):
        kind.instances_tracked.append(made)
    return made


@pytest.fixture(scope="session", autouse=True)
def aws() -> Iterator[None]:
    """AWS as moto mocks it, and credentials that are none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setattr(BaseModel, "__new__", _made)
        # moto sees the requests of botocore alone.
        patch.setattr(catalog_clients, "service_of", lambda *_: None)
        patch.setattr(environment_session, "region_of", lambda *_: None)
        with mock_aws():
            yield


@pytest.fixture(scope="session")
def moto_url(aws: None) -> Iterator[str]:
    """The URL of AWS as moto mocks it, for our clients."""
    with moto_endpoint() as url:
        yield url


@pytest.fixture(scope="session")
def s3(moto_url: str) -> "S3Client":
    return cast("S3Client", CombinedClient(our_s3(moto_url), boto3.client("s3")))


@pytest.fixture(scope="session")
def bucket(s3: "S3Client") -> str:
    """The bucket that the events in tests/s3_events/ are about, versioned."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return BUCKET
