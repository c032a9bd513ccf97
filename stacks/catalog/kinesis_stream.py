"""The table's changes as a Kinesis data stream, for consumers that read Kinesis already."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from ..constructs.keys import Keys
from .encrypted_table import EncryptedTable


class KinesisFeed(Construct):
    """A stream under the DATA key, to which DynamoDB copies every write to `table`, for 24 hours.

    No function runs in between, and the copy is no reader of the table's stream. Records may be
    duplicated and out of order (DynamoDB Developer Guide).
    """

    def __init__(self, scope: Construct, id: str, *, keys: Keys, table: EncryptedTable) -> None:
        super().__init__(scope, id)
        self.stream = kinesis.Stream(
            self,
            "Stream",
            encryption=kinesis.StreamEncryption.KMS,
            encryption_key=keys.data,
            stream_mode=kinesis.StreamMode.ON_DEMAND,
            retention_period=cdk.Duration.hours(24),
            # Idle, it costs more than everything else here; the table has what it holds.
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        resource = cast("dynamodb.CfnTable", table.table.node.default_child)
        resource.kinesis_stream_specification = (
            dynamodb.CfnTable.KinesisStreamSpecificationProperty(stream_arn=self.stream.stream_arn)
        )
