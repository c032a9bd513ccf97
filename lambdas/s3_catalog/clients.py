"""The AWS clients of the functions and of the worker.

They are botocore's. boto3 on top of it would add 50 ms to the start of a function.
"""

from functools import cache
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_rds_data import RDSDataServiceClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
)
"""Short time-outs: `ingest` has 30 s, and a second attempt is worth more than a long wait."""


def cloudwatch(config: Config = CONFIG) -> "CloudWatchClient":
    """Return a client of Amazon CloudWatch."""
    return cast("CloudWatchClient", _client("cloudwatch", config))


def codedeploy(config: Config = CONFIG) -> "CodeDeployClient":
    """Return a client of AWS CodeDeploy."""
    return cast("CodeDeployClient", _client("codedeploy", config))


def dynamodb(config: Config = CONFIG) -> "DynamoDBClient":
    """Return a client of Amazon DynamoDB."""
    return cast("DynamoDBClient", _client("dynamodb", config))


def eventbridge(config: Config = CONFIG) -> "BaseClient":
    """Return a client of Amazon EventBridge."""
    return cast("BaseClient", _client("events", config))


def lambda_(config: Config = CONFIG) -> "LambdaClient":
    """Return a client of AWS Lambda."""
    return cast("LambdaClient", _client("lambda", config))


def rds_data(config: Config = CONFIG) -> "RDSDataServiceClient":
    """Return a client of the RDS Data API."""
    return cast("RDSDataServiceClient", _client("rds-data", config))


def s3(config: Config = CONFIG) -> "S3Client":
    """Return a client of Amazon S3."""
    return cast("S3Client", _client("s3", config))


def secretsmanager(config: Config = CONFIG) -> "SecretsManagerClient":
    """Return a client of AWS Secrets Manager."""
    return cast("SecretsManagerClient", _client("secretsmanager", config))


def sns(config: Config = CONFIG) -> "SNSClient":
    """Return a client of Amazon SNS."""
    return cast("SNSClient", _client("sns", config))


def sqs(config: Config = CONFIG) -> "SQSClient":
    """Return a client of Amazon SQS."""
    return cast("SQSClient", _client("sqs", config))


@cache
def session() -> botocore.session.Session:
    """Return the session of this process: a second one would load endpoints and models again."""
    return botocore.session.Session()


def _client(service: str, config: Config) -> object:
    return session().create_client(service, config=config)
