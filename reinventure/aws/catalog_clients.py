"""The clients of tables and buckets: ours, which take a fraction of the CPU, where they suffice.

boto3 finds endpoint, region and credentials of the user, and refreshes them, unless variables have
all of these (`environment_session`). It also sends the requests where the configuration asks for
what ours do not have: a proxy, FIPS or dual-stack endpoints, or settings of S3.
"""

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import NoCredentialsError

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.endpoint import bucket_url
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials
from s3_catalog.aws_api.version_lister import VersionLister

if TYPE_CHECKING:
    import boto3
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 60
"""Seconds."""

ATTEMPTS = 3


def items(session: "boto3.Session", theirs: "DynamoDBClient") -> "DynamoDBClient":
    """Return a client for items of tables; `theirs` is boto3's."""
    service = service_of(session, theirs)
    if service is None:
        return theirs
    return cast("DynamoDBClient", DynamoDB(service(theirs.meta.endpoint_url)))


def versions(session: "boto3.Session", theirs: "S3Client") -> "S3Client":
    """Return a client for ListObjectVersions; `theirs` is boto3's."""
    service = service_of(session, theirs)
    if service is None:
        return theirs
    url, region = theirs.meta.endpoint_url, theirs.meta.region_name
    own_host = urlsplit(url).netloc in ("s3.amazonaws.com", f"s3.{region}.amazonaws.com")
    of_bucket = cache(lambda bucket: service(bucket_url(url, bucket, own_host=own_host)))
    return cast("S3Client", VersionLister(of_bucket))


def service_of(
    session: "boto3.Session", theirs: "DynamoDBClient | S3Client"
) -> Callable[[str], Service] | None:
    """Return a function that makes a service at a URL, with the configuration of `theirs`.

    None where our clients do not suffice.
    """
    from botocore.utils import get_environ_proxies  # noqa: PLC0415 (its import takes long)

    meta, credentials = theirs.meta, session.get_credentials()
    found: Any = meta.config  # botocore's types lack attributes of it.
    if (
        credentials is None
        or found.s3
        or found.use_fips_endpoint
        or found.use_dualstack_endpoint
        or get_environ_proxies(meta.endpoint_url)
    ):
        return None
    # As botocore does. boto3 has no other access to the configuration.
    bundle = session._session.get_config_variable("ca_bundle")
    bundle = bundle or os.environ.get("REQUESTS_CA_BUNDLE")

    def current() -> Credentials:
        now = credentials.get_frozen_credentials()
        if not now.access_key or not now.secret_key:
            raise NoCredentialsError
        return Credentials(now.access_key, now.secret_key, now.token)

    def service(url: str) -> Service:
        transport = Transport(url, CONNECT_TIMEOUT, READ_TIMEOUT, bundle)
        name = meta.service_model.signing_name
        return Service(name, meta.region_name, current, transport, ATTEMPTS)

    return service
