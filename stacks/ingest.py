"""The function that S3 calls, and where its failures go."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.keys import Keys
from stacks.logs import EncryptedLogs
from stacks.settings import Settings
from stacks.table import CatalogTable

_LAMBDAS = str(Path(__file__).parent.parent / "lambdas")


class Ingest(Construct):
    """`ingest`, its alias `live`, its own role, and the queue of the events that it gave up on.

    S3 invokes asynchronously: Lambda tries three times over at most six hours and then puts the
    event, with the error, into the queue, where it waits for 14 days.
    """

    def __init__(
        self, scope: Construct, id: str, settings: Settings, keys: Keys, table: CatalogTable
    ) -> None:
        super().__init__(scope, id)
        self.failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.queue,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=settings.removal_policy,
        )
        log_group = EncryptedLogs(self, "Logs", settings, keys.data)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "ingest": iam.PolicyDocument(
                    statements=[
                        *_write_rows(table, keys),
                        *_report_failures(self.failures, keys),
                        log_group.write_statement(),
                        _trace(),
                    ]
                )
            },
        )
        function = lambda_.Function(
            self,
            "Function",
            description="Applies S3 events to the catalog, each by one conditional write",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="ingest.handler",
            code=lambda_.Code.from_asset(_LAMBDAS, exclude=["**/__pycache__"]),
            # Closed to CDK: what the function may do is the list above and nothing besides.
            role=role.without_policy_updates(),
            environment={
                "TABLE_NAME": table.table.table_name,
                "SHARDS": str(settings.shards),
            },
            environment_encryption=keys.data,
            memory_size=256,
            timeout=cdk.Duration.seconds(30),
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.WARN,
            log_group=log_group,
        )
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            # The laptop cloud loses the failures of published versions, but not those of $LATEST.
            version=function.latest_version if settings.laptop else function.current_version,
        )
        # Lambda keeps these settings for each qualifier apart: S3 calls the alias, and what is
        # set for the function itself would not apply to it.
        for qualified in (self.alias, function):
            qualified.configure_async_invoke(
                retry_attempts=2,
                max_event_age=cdk.Duration.hours(6),
                on_failure=destinations.SqsDestination(self.failures),
            )


def _write_rows(table: CatalogTable, keys: Keys) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(actions=["dynamodb:PutItem"], resources=[table.table.table_arn]),
        # DynamoDB opens the table's key in the name of the caller. Through DynamoDB only: the
        # same key protects the objects, which this function must not read.
        iam.PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[keys.data.key_arn],
            conditions={
                "StringEquals": {
                    "kms:ViaService": f"dynamodb.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"
                }
            },
        ),
    ]


def _report_failures(failures: sqs.Queue, keys: Keys) -> list[iam.PolicyStatement]:
    return [
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn]),
        iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[keys.queue.key_arn]
        ),
    ]


def _trace() -> iam.PolicyStatement:
    # X-Ray knows no resources to name: "*" is the only one that these actions accept.
    return iam.PolicyStatement(
        actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"]
    )
