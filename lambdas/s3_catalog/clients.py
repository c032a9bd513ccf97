"""The AWS clients of the functions and of the worker.

In a function those of the table's items and of a bucket's versions are our own (`aws_api`). All
others are botocore's, which is imported when the first of them is created: that takes longer than
the rest of a start. boto3 on top of it would add 50 ms.
"""

import logging
import os
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, cast

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.endpoint import bucket_url, configured, endpoint
from s3_catalog.aws_api.http_transport import Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config
    from botocore.session import Session
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_rds_data import RDSDataServiceClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

_ATTEMPTS = 4
_CONNECT_TIMEOUT = 2
_READ_TIMEOUT = 5
"""Seconds. Short ones: `ingest` has 30, and a second attempt is worth more than a long wait."""

_REGIONS = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""Those of the partition "aws", in botocore's words."""

_ONLY_BOTOCORES = {
    "AWS_CONFIG_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
}
"""Variables that our client does not read, as well as those of proxies."""


def cloudwatch(config: "Config | None" = None) -> "CloudWatchClient":
    """Return a client of Amazon CloudWatch."""
    return cast("CloudWatchClient", _client("cloudwatch", config))


def codedeploy(config: "Config | None" = None) -> "CodeDeployClient":
    """Return a client of AWS CodeDeploy."""
    return cast("CodeDeployClient", _client("codedeploy", config))


def dynamodb() -> "DynamoDBClient":
    """Return a client of Amazon DynamoDB for items.

    Ours is connected at once: during the initialization Lambda gives a full processor.
    """
    service = _service("dynamodb")
    if service is None:
        return dynamodb_tables()
    made = service(endpoint("dynamodb", os.environ["AWS_REGION"], os.environ))
    made.transport.connect()
    return cast("DynamoDBClient", DynamoDB(made))


def eventbridge(config: "Config | None" = None) -> "BaseClient":
    """Return a client of Amazon EventBridge."""
    return cast("BaseClient", _client("events", config))


def dynamodb_tables(config: "Config | None" = None) -> "DynamoDBClient":
    """Return a client of Amazon DynamoDB with all operations."""
    return cast("DynamoDBClient", _client("dynamodb", config))


def lambda_(config: "Config | None" = None) -> "LambdaClient":
    """Return a client of AWS Lambda."""
    return cast("LambdaClient", _client("lambda", config))


def rds_data(config: "Config | None" = None) -> "RDSDataServiceClient":
    """Return a client of the RDS Data API."""
    return cast("RDSDataServiceClient", _client("rds-data", config))


def s3(config: "Config | None" = None) -> "S3Client":
    """Return a client of Amazon S3."""
    return cast("S3Client", _client("s3", config))


def s3_versions() -> "S3Client":
    """Return a client of Amazon S3 for ListObjectVersions, of buckets in the function's region."""
    from s3_catalog.aws_api.version_lister import VersionLister  # noqa: PLC0415 (few events)

    service = _service("s3")
    if service is None:
        return s3()
    url = endpoint("s3", os.environ["AWS_REGION"], os.environ)
    own_host = not configured("s3", os.environ)
    of_bucket = cache(lambda bucket: service(bucket_url(url, bucket, own_host=own_host)))
    return cast("S3Client", VersionLister(of_bucket))


def secretsmanager(config: "Config | None" = None) -> "SecretsManagerClient":
    """Return a client of AWS Secrets Manager."""
    return cast("SecretsManagerClient", _client("secretsmanager", config))


def sns(config: "Config | None" = None) -> "SNSClient":
    """Return a client of Amazon SNS."""
    return cast("SNSClient", _client("sns", config))


def sqs(config: "Config | None" = None) -> "SQSClient":
    """Return a client of Amazon SQS."""
    return cast("SQSClient", _client("sqs", config))


@cache
def session() -> "Session":
    """Return the session of this process: a second one would load endpoints and models again."""
    from botocore.session import Session  # noqa: PLC0415 (see the module's docstring)

    # Their lines at the level DEBUG have session tokens. At INFO there are some for each start.
    for name in ("botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return Session()


def _client(service: str, config: "Config | None") -> object:
    from botocore.config import Config  # noqa: PLC0415

    usual = Config(
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    return session().create_client(service, config=config or usual)


def _service(name: str) -> Callable[[str], Service] | None:
    """Return a function that makes the service `name` at a URL.

    None outside of functions, and where the environment asks for what our client does not have.
    """
    variables = os.environ
    region = variables.get("AWS_REGION", "")
    key, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if (
        "AWS_LAMBDA_FUNCTION_NAME" not in variables
        or not (key and secret)
        or not _REGIONS.fullmatch(region)
        or any(n in _ONLY_BOTOCORES or n.lower().endswith("_proxy") for n in variables)
    ):
        return None
    # Those of a function do not change while its process lives.
    credentials = Credentials(key, secret, variables.get("AWS_SESSION_TOKEN") or None)

    def service(url: str) -> Service:
        bundle = variables.get("AWS_CA_BUNDLE") or variables.get("REQUESTS_CA_BUNDLE")
        transport = Transport(url, _CONNECT_TIMEOUT, _READ_TIMEOUT, bundle)
        return Service(name, region, lambda: credentials, transport, _ATTEMPTS)

    return service
