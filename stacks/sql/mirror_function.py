"""The function `mirror`, and its queue of changes."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from s3_catalog.environment.mirror_environment import MirrorEnvironment

from ..catalog.catalog import Catalog
from ..constructs.change_feed_queue import ChangeFeedQueue
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import use_through
from ..constructs.python_function import PythonFunction
from ..constructs.queues import visibility_timeout_for
from ..settings.settings import Settings
from .aurora import Aurora, AuroraStandIn, UserSecret

WRITERS = 5
"""Maximum concurrency: more invocations would wait for each other in a small database."""

MAX_RECEIVE_COUNT = 100
"""Receives are at least 12 minutes apart, so 100 take 20 hours: longer than most outages."""


class MirrorFunction(Construct):
    """A queue of the changes of `catalog`, and `mirror`, which receives up to 100 at a time.

    The mirror is idempotent and accepts changes out of order. So the queue is a standard one:
    batches are large, and a failed message blocks no other. After `MAX_RECEIVE_COUNT` receives it
    goes to the dead-letter queue.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        catalog: Catalog,
        database: Aurora | AuroraStandIn,
        reader: UserSecret,
    ) -> None:
        super().__init__(scope, id)
        keys = catalog.keys
        self.dead_letter_queue = DeadLetterQueue(
            self, "Failures", settings, keys=keys, alarms=catalog.alarms, function="mirror"
        )
        self.dead_letter_queue.deny_principals()
        timeout = cdk.Duration.minutes(2)
        self.changes = ChangeFeedQueue(
            self,
            "Changes",
            settings,
            keys=keys,
            topic=catalog.changes.topic,
            filter_policy=None,
            dead_letter_queue=self.dead_letter_queue,
            visibility_timeout=visibility_timeout_for(timeout),
            max_receive_count=MAX_RECEIVE_COUNT,
        )
        # "Default" adds nothing to the logical ids of what is in it.
        handler = PythonFunction(
            self,
            "Default",
            settings,
            key=keys.data,
            entry="handlers.mirror.handler",
            description="Mirrors the catalog in a relational database",
            environment=MirrorEnvironment(
                bucket_name=catalog.buckets.bucket_name,
                cluster_arn=database.cluster_arn,
                secret_arn=database.owner_arn,
                reader_secret_arn=reader.arn,
                aws_endpoint_url_rds_data=(
                    database.data_api_url if isinstance(database, AuroraStandIn) else None
                ),
            ).to_env(),
            permissions=[
                iam.PolicyStatement(
                    actions=[
                        "rds-data:BeginTransaction",
                        "rds-data:ExecuteStatement",
                        "rds-data:RollbackTransaction",
                    ],
                    resources=[database.cluster_arn],
                ),
                # The Data API reads the owner's secret with the caller's permissions. The function
                # sets the reader's password, and so reads that secret.
                iam.PolicyStatement(
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[database.owner_arn, reader.arn],
                ),
                use_through(keys.data, "secretsmanager", "kms:Decrypt"),
                *self.changes.receive_statements("sqs:GetQueueAttributes"),
            ],
            memory_size=256,
            timeout=timeout,
        )
        self.function = handler.function
        self.log_group = handler.log_group
        self.function.add_event_source_mapping(
            "Changes",
            event_source_arn=self.changes.queue.queue_arn,
            batch_size=100,
            max_batching_window=cdk.Duration.seconds(1),
            max_concurrency=WRITERS,
            report_batch_item_failures=True,
        )
