"""The Catalog stack: an encrypted bucket, and the table that always knows what is in it."""

import aws_cdk as cdk
from constructs import Construct

from stacks import transport
from stacks.bucket import CataloguedBucket
from stacks.changes import Changes
from stacks.failures import FailureQueue
from stacks.ingest import Ingest
from stacks.keys import Keys
from stacks.kinesis import KinesisFeed
from stacks.reconcile import Reconcile
from stacks.settings import Settings
from stacks.table import EncryptedTable
from stacks.totals import Totals


class CatalogStack(cdk.Stack):
    """Bucket, notifications, transport, `ingest` function, table, totals and keys, in one stack.

    One, because a bucket, its notifications and their destination refer to each other in a ring
    that CloudFormation cannot deploy across stacks.

    The outputs `BucketName`, `TableName`, `Shards`, `MinimumSize`, `TotalsTableName` and
    `TotalsDepth` are what the `reinventure` command needs to know; `FailureQueueUrl` is where an
    event ends that could not be catalogued, and `IngestArn` is what it is given back to.
    `ChangesTopicArn` is what to subscribe to, and `PublishArn` what feeds it.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: an encrypted, always-correct, live catalog of an S3 bucket",
            termination_protection=settings.stage == "production",
        )
        keys = Keys(self, "Keys", settings)
        bucket = CataloguedBucket(self, "Bucket", settings, key=keys.data)
        table = EncryptedTable(self, "Table", settings, key=keys.data, stream=True)
        failures = FailureQueue(self, "Failures", settings, keys)
        ingest = Ingest(
            self,
            "Ingest",
            settings,
            keys=keys,
            bucket=bucket.bucket,
            table=table,
            failures=failures,
        )
        totals = Totals(self, "Totals", settings, keys=keys, catalog=table, failures=failures)
        transport.connect(self, settings, keys=keys, bucket=bucket, ingest=ingest)
        changes = Changes(self, "Changes", settings, keys=keys, table=table, failures=failures)
        if settings.kinesis:
            feed = KinesisFeed(self, "Kinesis", settings, keys=keys, table=table)
            cdk.CfnOutput(self, "KinesisStreamName", value=feed.stream.stream_name)
        if settings.reconcile == "nightly":
            Reconcile(self, "Reconcile", settings, key=keys.data, bucket=bucket.bucket, table=table)

        cdk.CfnOutput(self, "BucketName", value=bucket.bucket.bucket_name)
        cdk.CfnOutput(self, "TableName", value=table.table.table_name)
        cdk.CfnOutput(self, "TotalsTableName", value=totals.table.table.table_name)
        cdk.CfnOutput(self, "TotalsDepth", value=str(settings.totals_depth))
        cdk.CfnOutput(self, "Shards", value=str(settings.shards))
        cdk.CfnOutput(self, "MinimumSize", value=str(settings.minimum_size))
        cdk.CfnOutput(self, "FailureQueueUrl", value=failures.queue_url)
        cdk.CfnOutput(self, "IngestArn", value=ingest.alias.function_arn)
        cdk.CfnOutput(self, "ChangesTopicArn", value=changes.topic.topic_arn)
        cdk.CfnOutput(self, "PublishArn", value=changes.function.function_arn)
