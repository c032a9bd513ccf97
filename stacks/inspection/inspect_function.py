"""The function that looks inside small objects."""

import aws_cdk as cdk
from constructs import Construct

from s3_catalog.environment.inspect_environment import InspectEnvironment

from ..catalog.catalog import Catalog
from ..constructs.change_feed_queue import ChangeFeedQueue
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.python_function import PythonFunction
from ..constructs.queues import visibility_of
from ..settings.settings import Settings
from . import object_access as inspection

_AT_ONCE = 50
"""Invocations. A million new objects must not take from `ingest` what the account has of them."""


class InspectFunction(Construct):
    """`examine`, and its queue of objects of up to `inspect_max_mib` MiB."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        catalog: Catalog,
        failures: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        timeout = cdk.Duration.minutes(10)
        self.door = ChangeFeedQueue(
            self,
            "Door",
            settings,
            keys=catalog.keys,
            topic=catalog.changes.topic,
            wanted={
                "kind": ["created", "updated"],
                "size_mib": [{"numeric": ["<=", settings.inspect_max_mib]}],
            },
            failures=failures,
            visibility=visibility_of(timeout),
            tries=5,
        )
        handler = PythonFunction(
            self,
            "Default",
            settings,
            key=catalog.keys.data,
            entry="handlers.inspect.handler",
            description="Looks inside small objects",
            environment=InspectEnvironment(
                bucket_name=catalog.bucket.bucket.bucket_name,
                table_name=catalog.table.table.table_name,
                shards=settings.shards,
                most_mib=settings.inspect_max_mib,
            ).to_env(),
            permissions=[
                *inspection.permissions(catalog),
                *self.door.receive_statements("sqs:GetQueueAttributes"),
            ],
            # One whole processor; the memory itself is not needed.
            memory_size=1769,
            timeout=timeout,
        )
        handler.function.add_event_source_mapping(
            "Changes",
            event_source_arn=self.door.queue.queue_arn,
            # Were all of them of the slowest content, three would be done: the others come back,
            # and are first the next time, long before they have come back too often.
            batch_size=5,
            max_concurrency=_AT_ONCE,
            report_batch_item_failures=True,
        )
        self.function = handler.function
