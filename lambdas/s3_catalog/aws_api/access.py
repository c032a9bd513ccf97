"""The clients of a process, and what they share: credentials, region, endpoints and time-outs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Self, cast

from botocore.exceptions import NoRegionError

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.endpoint import bucket_endpoint, endpoint
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client


@dataclass(frozen=True)
class Access:
    """What a request needs besides its parameters.

    `credentials` returns those of the moment. Endpoints are those of `variables`, or AWS's. A
    request has at most `attempts`; time-outs are in seconds. Short ones: `ingest` has 30 s, and a
    second attempt is worth more than a long wait. For `ca_bundle` see `Transport`.
    """

    region: str
    credentials: Callable[[], Credentials]
    variables: Mapping[str, str]
    ca_bundle: str | None = None
    connect_timeout: float = 2
    read_timeout: float = 5
    attempts: int = 4

    @classmethod
    def from_env(cls, variables: Mapping[str, str], credentials: Callable[[], Credentials]) -> Self:
        """Return the access that environment `variables` describe.

        Raises NoRegionError if they name no region.
        """
        region = variables.get("AWS_DEFAULT_REGION") or variables.get("AWS_REGION")
        if not region:
            raise NoRegionError
        return cls(region, credentials, variables, variables.get("AWS_CA_BUNDLE"))

    def dynamodb(self, *, connect: bool = False) -> "DynamoDBClient":
        """Return a client of Amazon DynamoDB with the operations on items, and no others.

        `connect` opens its first connection now, not with the first request.
        """
        transport = self._transport(endpoint("dynamodb", self.region, self.variables))
        if connect:
            transport.connect()
        return cast("DynamoDBClient", DynamoDB(self._service("dynamodb", transport)))

    def s3(self) -> "S3Client":
        """Return a client of Amazon S3 with ListObjectVersions, and nothing else."""

        def service(bucket: str) -> Service:
            url = bucket_endpoint(bucket, self.region, self.variables)
            return self._service("s3", self._transport(url))

        return cast("S3Client", VersionLister(cache(service)))

    def _transport(self, url: str) -> Transport:
        return Transport(url, self.connect_timeout, self.read_timeout, self.ca_bundle)

    def _service(self, name: str, transport: Transport) -> Service:
        return Service(name, self.region, self.credentials, transport, attempts=self.attempts)
