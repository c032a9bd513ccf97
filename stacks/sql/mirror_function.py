"""The function that keeps the mirror, and what brings it the changes."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from s3_catalog.environment.mirror_environment import MirrorEnvironment

from ..catalog.catalog import Catalog
from ..constructs.change_feed_queue import ChangeFeedQueue
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import use_through
from ..constructs.python_function import PythonFunction
from ..constructs.queues import visibility_of
from ..settings.settings import Settings
from .aurora import Aurora, AuroraStandIn, UserSecret

WRITERS = 5
"""Invocations at once, at most: more would only wait for each other in a small database."""

TRIES = 100
"""Every 12 minutes or more, so over 20 hours: most of what happens to a database is over then."""


class MirrorFunction(Construct):
    """A queue of the changes of `catalog`, and `mirror`, which takes up to 100 of them at a time.

    The queue keeps no order, because the mirror does: so batches are large, and a message that
    fails holds up no other. After `TRIES` it goes to `failures`.
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
        self.failures = DeadLetterQueue(self, "Failures", settings, keys)
        timeout = cdk.Duration.minutes(2)
        changes = ChangeFeedQueue(
            self,
            "Changes",
            settings,
            keys=keys,
            topic=catalog.changes.topic,
            wanted=None,
            failures=self.failures,
            visibility=visibility_of(timeout),
            tries=TRIES,
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
                bucket_name=catalog.bucket.bucket.bucket_name,
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
                # The Data API reads the owner's secret in the name of who asks. The reader's is
                # what the reader is let in with.
                iam.PolicyStatement(
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[database.owner_arn, reader.arn],
                ),
                use_through(keys.data, "secretsmanager", "kms:Decrypt"),
                *changes.receive_statements("sqs:GetQueueAttributes"),
            ],
            memory_size=256,
            timeout=timeout,
        )
        self.function = handler.function
        self.function.add_event_source_mapping(
            "Changes",
            event_source_arn=changes.queue.queue_arn,
            batch_size=100,
            max_batching_window=cdk.Duration.seconds(1),
            max_concurrency=WRITERS,
            report_batch_item_failures=True,
        )
