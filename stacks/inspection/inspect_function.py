"""The function that inspects small objects."""

import aws_cdk as cdk
from constructs import Construct

from s3_catalog.environment.inspect_environment import InspectEnvironment

from ..catalog.catalog import Catalog
from ..constructs.change_feed_queue import ChangeFeedQueue
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.python_function import PythonFunction
from ..constructs.queues import visibility_timeout_for
from ..settings.settings import Settings
from . import object_access as inspection

_AT_ONCE = 50
"""Maximum concurrency. A million new objects must leave `ingest` its share of the account's."""


class InspectFunction(Construct):
    """The function `inspect`, and its queue of requests, the small-object queue.

    It gets objects of up to `inspect_max_mib` MiB.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        catalog: Catalog,
        dead_letter_queue: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = dead_letter_queue
        dead_letter_queue.deny_principals()
        timeout = cdk.Duration.minutes(10)
        self.requests = ChangeFeedQueue(
            self,
            "Door",
            settings,
            keys=catalog.keys,
            topic=catalog.changes.topic,
            filter_policy={
                "kind": ["created", "updated"],
                "size_mib": [{"numeric": ["<=", settings.inspect_max_mib]}],
            },
            dead_letter_queue=dead_letter_queue,
            visibility_timeout=visibility_timeout_for(timeout),
            max_receive_count=5,
        )
        handler = PythonFunction(
            self,
            "Default",
            settings,
            key=catalog.keys.data,
            entry="handlers.inspect.handler",
            description="Inspects the content of small objects",
            environment=InspectEnvironment(
                bucket_name=catalog.buckets.bucket_name,
                attached_buckets=catalog.buckets.attached_buckets,
                table_name=catalog.table.table.table_name,
                shards=settings.shards,
                most_mib=settings.inspect_max_mib,
            ).to_env(),
            permissions=[
                *inspection.permissions(catalog),
                *self.requests.receive_statements("sqs:GetQueueAttributes"),
            ],
            # The memory that comes with one whole vCPU (Lambda Developer Guide).
            memory_size=1769,
            timeout=timeout,
        )
        handler.function.add_event_source_mapping(
            "Changes",
            event_source_arn=self.requests.queue.queue_arn,
            # In the worst case three of five objects are done in time. The others are received
            # again, well within the queue's maximum of receives.
            batch_size=5,
            max_concurrency=_AT_ONCE,
            report_batch_item_failures=True,
        )
        self.function = handler.function
