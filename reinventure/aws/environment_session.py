"""A session of credentials, region and endpoints that are in environment variables alone.

Our clients suffice for it. boto3's import and first client take more time than all the rest of a
short command.
"""

import os
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reinventure.aws.catalog_clients import ATTEMPTS, CONNECT_TIMEOUT, READ_TIMEOUT
from reinventure.aws.stack_client import StackClient
from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.endpoint import bucket_url, configured, endpoint
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

_REGIONS = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""Those of the partition "aws", in botocore's words."""

_KNOWN = re.compile(
    "AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|REGION|DEFAULT_REGION|CA_BUNDLE|PAGER"
    "|ENDPOINT_URL(_[A-Z0-9_]+)?|CLI_[A-Z_]+)"
)
"""Variables that this session reads, or that boto3 does not."""

_FILES = ("~/.aws/config", "~/.aws/credentials")
"""Files that boto3 reads. Others are named by variables that are not known."""


class EnvironmentSession:
    """The session of `region` and environment `variables`.

    `full` returns boto3's, which has everything else.
    """

    def __init__(
        self, region: str, variables: Mapping[str, str], full: "Callable[[], boto3.Session]"
    ) -> None:
        self.region_name = region
        self._variables = variables
        self._full = cache(full)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._full(), name)

    def stacks(self) -> "CloudFormationClient":
        """Return a client for DescribeStacks."""
        return cast("CloudFormationClient", StackClient(self._regional("cloudformation")))

    def items(self) -> "DynamoDBClient":
        """Return a client for items of tables."""
        return cast("DynamoDBClient", DynamoDB(self._regional("dynamodb")))

    def versions(self) -> "S3Client":
        """Return a client for ListObjectVersions."""
        url = endpoint("s3", self.region_name, self._variables)
        own_host = not configured("s3", self._variables)
        return cast(
            "S3Client",
            VersionLister(
                cache(lambda name: self._service("s3", bucket_url(url, name, own_host=own_host)))
            ),
        )

    def _regional(self, name: str) -> Service:
        return self._service(name, endpoint(name, self.region_name, self._variables))

    def _service(self, name: str, url: str) -> Service:
        bundle = self._variables.get("AWS_CA_BUNDLE") or self._variables.get("REQUESTS_CA_BUNDLE")
        transport = Transport(url, CONNECT_TIMEOUT, READ_TIMEOUT, bundle)
        return Service(name, self.region_name, lambda: self._credentials, transport, ATTEMPTS)

    @cached_property
    def _credentials(self) -> Credentials:
        return Credentials(
            self._variables["AWS_ACCESS_KEY_ID"],
            self._variables["AWS_SECRET_ACCESS_KEY"],
            self._variables.get("AWS_SESSION_TOKEN") or None,
        )


def region_of(profile: str | None, region: str | None, variables: Mapping[str, str]) -> str | None:
    """Return the region if `EnvironmentSession` suffices, with these options, or None.

    It does not where the environment has something that only boto3 reads: a profile, a file of
    configuration, a proxy, or another variable.
    """
    region = region or variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or ""
    present = {name for name, value in variables.items() if value}
    only_boto3s = (
        name
        for name in present
        if (name.startswith("AWS_") and not _KNOWN.fullmatch(name))
        or (name.lower().endswith("_proxy") and name.lower() != "no_proxy")
    )
    if (
        profile is not None
        or not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= present
        or not _REGIONS.fullmatch(region)
        or any(only_boto3s)
        # Unlike Path.expanduser, it raises nothing for a user without a home.
        or any(Path(os.path.expanduser(file)).exists() for file in _FILES)  # noqa: PTH111
    ):
        return None
    return region
