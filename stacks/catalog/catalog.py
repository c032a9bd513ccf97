"""Buckets with their live catalog: of the stack Catalog, of a product, of CDK apps of others."""

from constructs import Construct

from reinventure.contract import CatalogOutputs

from ..constructs.alarm_topic import AlarmTopic
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys
from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from . import transport
from .attached_buckets import AttachedBuckets
from .canary import Canary
from .catalog_reader import CatalogReader
from .catalog_scope import CatalogScope
from .catalogued_bucket import CataloguedBucket
from .change_feed import ChangeFeed
from .dashboard import CatalogDashboard
from .encrypted_table import EncryptedTable
from .ingest_function import IngestFunction
from .kinesis_stream import KinesisFeed
from .nightly_reconcile import NightlyReconcile
from .totals_function import TotalsFunction


class Catalog(Construct):
    """Bucket, notifications, transport, `ingest` function, table, totals, change feed and keys.

    `buckets` are its own bucket and those that are attached, as the setting `buckets` names them.

    All of it stands in one stack: a bucket, its notifications and their destination refer to each
    other, and CloudFormation cannot deploy such a cycle across stacks. The outputs are
    `CatalogOutputs`.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self.keys = Keys(self, "Keys", settings)
        own = None
        if settings.buckets.create:
            own = CataloguedBucket(self, "Bucket", settings, key=self.keys.data)
        self.buckets = CatalogScope(own.bucket if own else None, settings.buckets.attached)
        self.table = EncryptedTable(self, "Table", settings, key=self.keys.data, stream=True)
        # Topic and canary keep the logical ids of a time when both were one construct.
        rollout = Construct(self, "Canary")
        self.alarms = AlarmTopic(rollout, "Alarms", settings, key=self.keys.data)
        self.ingest = IngestFunction(
            self,
            "Ingest",
            settings,
            keys=self.keys,
            buckets=self.buckets,
            table=self.table,
            # Beside the function, because of its logical id: once it was the queue of all.
            dead_letter_queue=DeadLetterQueue(
                self,
                "Failures",
                settings,
                keys=self.keys,
                alarms=self.alarms,
                function="ingest",
            ),
        )
        events_queue = None
        if own:
            events_queue = transport.connect(
                self, settings, keys=self.keys, bucket=own, ingest=self.ingest
            )
        if settings.buckets.attached.entries:
            AttachedBuckets(
                self,
                "Attached",
                settings,
                keys=self.keys,
                attached=settings.buckets.attached,
                ingest=self.ingest,
                alarms=self.alarms,
            )
        self.totals = TotalsFunction(
            self,
            "Totals",
            settings,
            keys=self.keys,
            catalog=self.table,
            alarms=self.alarms,
        )
        self.changes = ChangeFeed(
            self, "Changes", settings, keys=self.keys, table=self.table, alarms=self.alarms
        )
        feed = None
        if settings.kinesis:
            feed = KinesisFeed(self, "Kinesis", keys=self.keys, table=self.table)
        if settings.canary and not settings.limits.no_codedeploy:
            Canary(
                rollout,
                "Default",  # It adds nothing to the logical ids of what is in it.
                settings,
                settings.canary,
                keys=self.keys,
                ingest=self.ingest,
                table=self.table,
                alarms=self.alarms,
                late=[self.totals.late, self.changes.late],
            )
        reconcile = None
        # Without it there is no comparison in the account after a bucket was attached.
        if settings.reconcile == "nightly" or settings.buckets.attached.entries:
            reconcile = NightlyReconcile(
                self,
                "Reconcile",
                settings,
                key=self.keys.data,
                buckets=self.buckets,
                table=self.table,
                totals=self.totals.table,
                alarms=self.alarms,
            )
        self.log_groups = [self.ingest.log_group, self.totals.log_group, self.changes.log_group]
        """Those of the functions that handle keys, in the order of a change's way."""
        if settings.dashboard:
            CatalogDashboard(
                self,
                "Dashboard",
                settings,
                alarms=self.alarms,
                ingest=self.ingest,
                totals=self.totals,
                changes=self.changes,
                table=self.table,
                events_queue=events_queue,
                reconcile=reconcile,
            )
        reader = CatalogReader(
            self, "Reader", buckets=self.buckets, table=self.table, totals=self.totals.table
        )
        write_outputs(
            self,
            CatalogOutputs(
                data_key_arn=self.keys.data.key_arn,
                queue_key_arn=self.keys.queue.key_arn,
                bucket_name=self.buckets.bucket_name,
                table_name=self.table.table.table_name,
                totals_table_name=self.totals.table.table.table_name,
                totals_depth=settings.totals_depth,
                totals_window=settings.totals_window,
                shards=settings.shards,
                failure_queue_url=self.ingest.dead_letter_queue.queue_url,
                ingest_arn=self.ingest.alias.function_arn,
                changes_topic_arn=self.changes.topic.topic_arn,
                publish_arn=self.changes.function.function_arn,
                event_transport=settings.transport if own else None,
                kinesis_stream_name=feed.stream.stream_name if feed else None,
                alarms_topic_arn=self.alarms.topic.topic_arn,
                totals_failure_queue_url=self.totals.dead_letter_queue.queue_url,
                publish_failure_queue_url=self.changes.dead_letter_queue.queue_url,
                ingest_role_id=self.ingest.role_id,
                totals_role_id=self.totals.role_id,
                publish_role_id=self.changes.role_id,
                reconcile_machine_arn=reconcile.machine.state_machine_arn if reconcile else None,
                events_queue_url=events_queue.queue_url if events_queue else None,
                attached_buckets=self.buckets.attached_buckets,
                catalog_reader_arns=",".join(reader.arns),
            ),
        )
