"""An encrypted bucket with its live catalog: all of a stack, or of a product in a portfolio."""

import aws_cdk as cdk
from constructs import Construct

from stacks.catalog import transport
from stacks.catalog.canary import Canary
from stacks.catalog.catalogued_bucket import CataloguedBucket
from stacks.catalog.change_feed import ChangeFeed
from stacks.catalog.encrypted_table import EncryptedTable
from stacks.catalog.ingest_function import IngestFunction
from stacks.catalog.kinesis_stream import KinesisFeed
from stacks.catalog.nightly_reconcile import NightlyReconcile
from stacks.catalog.totals_function import TotalsFunction
from stacks.constructs.dead_letter_queue import DeadLetterQueue
from stacks.constructs.keys import Keys
from stacks.settings.settings import Settings


class Catalog(Construct):
    """Bucket, notifications, transport, `ingest` function, table, totals, change feed and keys.

    All in one stack, because a bucket, its notifications and their destination refer to each other
    in a ring that CloudFormation cannot deploy across stacks.

    The outputs `BucketName`, `TableName`, `Shards`, `TotalsTableName` and
    `TotalsDepth` are what the `reinventure` command needs to know; `FailureQueueUrl` is where an
    event ends that could not be catalogued, and `IngestArn` is what it is given back to.
    `ChangesTopicArn` is what to subscribe to, and `PublishArn` what feeds it. `DataKeyArn` and
    `QueueKeyArn` are the keys whose use `reinventure audit` shows.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(scope, id)
        self.keys = Keys(self, "Keys", settings)
        self.bucket = CataloguedBucket(self, "Bucket", settings, key=self.keys.data)
        self.table = EncryptedTable(self, "Table", settings, key=self.keys.data, stream=True)
        self.failures = DeadLetterQueue(self, "Failures", settings, self.keys)
        self.ingest = IngestFunction(
            self,
            "Ingest",
            settings,
            keys=self.keys,
            bucket=self.bucket.bucket,
            table=self.table,
            failures=self.failures,
        )
        transport.connect(self, settings, keys=self.keys, bucket=self.bucket, ingest=self.ingest)
        self.totals = TotalsFunction(
            self,
            "Totals",
            settings,
            keys=self.keys,
            catalog=self.table,
            failures=self.failures,
        )
        self.changes = ChangeFeed(
            self,
            "Changes",
            settings,
            keys=self.keys,
            table=self.table,
            failures=self.failures,
        )
        outputs = {
            "DataKeyArn": self.keys.data.key_arn,
            "QueueKeyArn": self.keys.queue.key_arn,
            "BucketName": self.bucket.bucket.bucket_name,
            "TableName": self.table.table.table_name,
            "TotalsTableName": self.totals.table.table.table_name,
            "TotalsDepth": str(settings.totals_depth),
            "Shards": str(settings.shards),
            "FailureQueueUrl": self.failures.queue_url,
            "IngestArn": self.ingest.alias.function_arn,
            "ChangesTopicArn": self.changes.topic.topic_arn,
            "PublishArn": self.changes.function.function_arn,
        }
        if settings.kinesis:
            feed = KinesisFeed(self, "Kinesis", settings, keys=self.keys, table=self.table)
            outputs["KinesisStreamName"] = feed.stream.stream_name
        if settings.canary and not settings.local:
            canary = Canary(
                self,
                "Canary",
                settings,
                settings.canary,
                keys=self.keys,
                ingest=self.ingest,
                table=self.table,
                failures=self.failures,
                readers=[self.totals.function, self.changes.function],
            )
            outputs["AlarmsTopicArn"] = canary.topic.topic_arn
        if settings.reconcile == "nightly":
            NightlyReconcile(
                self,
                "Reconcile",
                settings,
                key=self.keys.data,
                bucket=self.bucket.bucket,
                table=self.table,
            )
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
