"""The function that catalogues events."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from s3_catalog.environment.ingest_environment import IngestEnvironment

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from .encrypted_table import EncryptedTable


class IngestFunction(Construct):
    """`ingest`, its alias `live` and its own role.

    Invoked asynchronously, Lambda tries three times over at most six hours and then puts the event,
    with the error, into `failures`. Events that a transport could not deliver end there as well.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        bucket: s3.IBucket,
        table: EncryptedTable,
        failures: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        self.failures = failures
        # "Default" adds nothing to the logical ids of what is in it.
        self._handler = PythonFunction(
            self,
            "Default",
            settings,
            key=keys.data,
            entry="handlers.ingest.handler",
            description="Applies S3 events to the catalog",
            environment=IngestEnvironment(
                table_name=table.table.table_name,
                shards=settings.shards,
                bucket_name=bucket.bucket_name,
            ).to_env(),
            permissions=[
                *table.access_statements(
                    "dynamodb:GetItem",
                    "dynamodb:PartiQLInsert",
                    "dynamodb:PartiQLUpdate",
                    "dynamodb:PutItem",
                ),
                _ask_what_is_current(bucket),
                *failures.report_statements(),
            ],
            memory_size=256,
            timeout=cdk.Duration.seconds(30),
        )
        self.timeout = self._handler.timeout
        self.function = function = self._handler.function
        self.alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=(
                function.latest_version
                if settings.limits.no_failures_of_versions
                else function.current_version
            ),
        )
        # Lambda keeps these settings for each qualifier apart: events go to the alias, and what is
        # set for the function itself would not apply to it.
        for qualified in (self.alias, function):
            qualified.configure_async_invoke(
                retry_attempts=2,
                max_event_age=cdk.Duration.hours(6),
                on_failure=destinations.SqsDestination(failures),
            )

    def let_receive(self, queue: sqs.IQueue) -> None:
        """Let the function take messages from `queue`, whose key it may use for its failures."""
        self._handler.permissions.add_statements(
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                resources=[queue.queue_arn],
            )
        )


def _ask_what_is_current(bucket: s3.IBucket) -> iam.PolicyStatement:
    # The versions of one key tell which is current. Unlike HeadObject, which is s3:GetObject,
    # this right cannot read contents.
    return iam.PolicyStatement(actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn])
