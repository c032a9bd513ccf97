"""Clients of AWS that are ours where ours have the operation, and boto3's elsewhere."""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.endpoint import bucket_url
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

_CREDENTIALS = Credentials("test", "test")


class CombinedClient:
    """Both clients as one: tests set up with boto3's, and the code under test calls ours."""

    def __init__(self, ours: object, theirs: object) -> None:
        self._ours = ours
        self._theirs = theirs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ours if hasattr(self._ours, name) else self._theirs, name)


def our_dynamodb(url: str, ca_bundle: str | None = None) -> "DynamoDBClient":
    """Return our client of the DynamoDB at `url`."""
    return cast("DynamoDBClient", DynamoDB(_service("dynamodb", url, ca_bundle)))


def our_s3(url: str, ca_bundle: str | None = None) -> "S3Client":
    """Return our client of the S3 at `url`."""

    @cache
    def service(bucket: str) -> Service:
        return _service("s3", bucket_url(url, bucket, own_host=False), ca_bundle)

    return cast("S3Client", VersionLister(service))


def _service(name: str, url: str, ca_bundle: str | None) -> Service:
    transport = Transport(url, 5, 60, ca_bundle)
    return Service(name, "us-east-1", lambda: _CREDENTIALS, transport, attempts=4)
