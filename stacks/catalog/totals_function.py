"""The totals of buckets and their folders: their table, and the function `totals`."""

import aws_cdk as cdk
from constructs import Construct

from s3_catalog.environment.totals_environment import TotalsEnvironment

from ..constructs.alarm_topic import AlarmTopic
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from . import stream_mapping as stream
from .encrypted_table import EncryptedTable


class TotalsFunction(Construct):
    """The table of totals, and `totals`, which adds up the changes in the stream of `catalog`.

    Its role can update totals and read the stream. It can read neither the catalog nor the bucket.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        catalog: EncryptedTable,
        alarms: AlarmTopic,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = DeadLetterQueue(
            self, "Failures", settings, keys=keys, alarms=alarms, function="totals"
        )
        self.table = EncryptedTable(self, "Table", settings, key=keys.data, stream=False)
        # "Default" adds nothing to the logical ids of what is in it.
        handler = PythonFunction(
            self,
            "Default",
            settings,
            key=keys.data,
            entry="handlers.totals.handler",
            description="Counts objects and bytes of the bucket and its folders",
            environment=TotalsEnvironment(
                totals_table_name=self.table.table.table_name,
                shards=settings.shards,
                totals_depth=settings.totals_depth,
                only_shard="local" if settings.limits.no_shard_in_stream_events else None,
            ).to_env(),
            # A transaction needs the permissions of its parts, and none of its own.
            permissions=self.table.access_statements("dynamodb:UpdateItem"),
            memory_size=256,
            timeout=cdk.Duration.minutes(1),
        )
        self.late = stream.feed(
            handler,
            catalog,
            self.dead_letter_queue,
            name="totals",
            alarms=alarms,
            # A minute with 16 changes a second in a shard. A larger batch saves less than a
            # hundredth of a write unit a change; one over many folders takes many transactions.
            batch_size=1000,
            batching_window=cdk.Duration.seconds(settings.totals_window),
            # A skipped batch makes totals wrong; the stream has records for 24 hours.
            max_age=cdk.Duration.hours(23),
            # The longest there is: each window ends with one more invocation, without records.
            tumbling_window=cdk.Duration.minutes(15),
        )
        self.function = handler.function
        self.log_group = handler.log_group
        self.role_id = handler.role.role_id
