"""The AWS clients of the functions and of the worker.

Those of the table's items and of a bucket's versions are our own. All others are botocore's, which
is imported when the first of them is created: that takes longer than the rest of a start.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.exceptions import NoCredentialsError

from s3_catalog.aws_api.access import Access
from s3_catalog.aws_api.signature import Credentials

if TYPE_CHECKING:
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


def cloudwatch(config: "Config | None" = None) -> "CloudWatchClient":
    """Return a client of Amazon CloudWatch."""
    return cast("CloudWatchClient", _client("cloudwatch", config))


def codedeploy(config: "Config | None" = None) -> "CodeDeployClient":
    """Return a client of AWS CodeDeploy."""
    return cast("CodeDeployClient", _client("codedeploy", config))


def dynamodb() -> "DynamoDBClient":
    """Return the client of Amazon DynamoDB for items: without tables, deletes and binary values.

    In a function it connects at once: during the initialization Lambda gives a full processor.
    """
    return _access().dynamodb(connect="AWS_LAMBDA_FUNCTION_NAME" in os.environ)


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
    """Return the client of Amazon S3 for ListObjectVersions, its only operation."""
    return _access().s3()


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

    return Session()


def _client(service: str, config: "Config | None") -> object:
    from botocore.config import Config  # noqa: PLC0415

    short = Config(
        connect_timeout=Access.connect_timeout,
        read_timeout=Access.read_timeout,
        retries={"mode": "standard", "total_max_attempts": Access.attempts},
    )
    return session().create_client(service, config=config or short)


def _access() -> Access:
    return Access.from_env(os.environ, _credentials)


def _credentials() -> Credentials:
    """Return the credentials of a function, which never change; else the session's, renewed."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
    found = session().get_credentials()
    if found is None:
        raise NoCredentialsError
    now = found.get_frozen_credentials()
    if not now.access_key or not now.secret_key:
        raise NoCredentialsError
    return Credentials(now.access_key, now.secret_key, now.token)
