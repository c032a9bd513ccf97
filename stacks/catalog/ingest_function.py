"""The function `ingest`, which applies S3 events to the catalog."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from s3_catalog.environment.ingest_environment import IngestEnvironment

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from .catalog_scope import CatalogScope
from .encrypted_table import EncryptedTable


class IngestFunction(Construct):
    """`ingest`, its alias `live` and its own role.

    Lambda retries an asynchronous event twice, within six hours, and then sends it with the error
    to `dead_letter_queue`. Events that a transport cannot deliver go there as well.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        buckets: CatalogScope,
        table: EncryptedTable,
        dead_letter_queue: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = dead_letter_queue
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
                bucket_name=buckets.bucket_name,
                attached_buckets=buckets.attached_buckets,
            ).to_env(),
            permissions=[
                *table.access_statements(
                    "dynamodb:GetItem",
                    "dynamodb:PartiQLInsert",
                    "dynamodb:PartiQLUpdate",
                    "dynamodb:PutItem",
                ),
                # The list of a key's versions has the current one. HeadObject would need
                # s3:GetObject, which also allows to read contents.
                *buckets.list_statements("s3:ListBucketVersions"),
            ],
            memory_size=256,
            timeout=cdk.Duration.seconds(30),
        )
        dead_letter_queue.allow_reports(self._handler)
        self.log_group = self._handler.log_group
        self.role_id = self._handler.role.role_id
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
        # Lambda has these settings per qualifier: those of the function do not apply to its alias,
        # which receives the events.
        for qualified in (self.alias, function):
            qualified.configure_async_invoke(
                retry_attempts=2,
                max_event_age=cdk.Duration.hours(6),
                on_failure=destinations.SqsDestination(dead_letter_queue),
            )

    def rule_target(self) -> targets.LambdaFunction:
        """Return the alias as the target of a rule.

        What EventBridge cannot deliver goes to the dead-letter queue.
        """
        return targets.LambdaFunction(
            cast("lambda_.IFunction", self.alias), dead_letter_queue=self.dead_letter_queue
        )

    def allow_receive(self, queue: sqs.IQueue) -> None:
        """Allow the function to receive from `queue`, which has the dead-letter queue's key."""
        self._handler.permissions.add_statements(
            iam.PolicyStatement(
                actions=["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                resources=[queue.queue_arn],
            )
        )
