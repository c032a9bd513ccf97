"""Tables."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from s3_catalog.model.row import TEST_BUCKET

from ..constructs.keys import use_through
from ..settings.settings import Settings


class EncryptedTable(Construct):
    """A table under the customer key `key`, keyed by the texts `pk` and `sk`.

    What is no longer needed leaves by the attribute `expires_at`. The table can be set back to any
    second of the last 35 days. With `stream`, it tells what each write changed.
    """

    def __init__(
        self, scope: Construct, id: str, settings: Settings, *, key: kms.IKey, stream: bool
    ) -> None:
        super().__init__(scope, id)
        self._key = key
        # Not TableV2: with a customer key that cannot be synthesised for any region.
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            time_to_live_attribute="expires_at",
            deletion_protection=settings.stage == "production",
            removal_policy=settings.removal_policy,
        )

    def stream_statements(self) -> list[iam.PolicyStatement]:
        """Return what a function needs to be given the records of the table's stream."""
        return [
            iam.PolicyStatement(
                actions=[
                    "dynamodb:DescribeStream",
                    "dynamodb:GetRecords",
                    "dynamodb:GetShardIterator",
                    # Lambda asks for it when the mapping is made.
                    "dynamodb:ListStreams",
                ],
                resources=[f"{self.table.table_arn}/stream/*"],
            ),
            self._open_key(),
        ]

    def access_statements(self, *actions: str) -> list[iam.PolicyStatement]:
        """Return what a function needs to do `actions` on the table."""
        return [
            iam.PolicyStatement(actions=list(actions), resources=[self.table.table_arn]),
            self._open_key(),
        ]

    def test_bucket_statements(self) -> list[iam.PolicyStatement]:
        """Return what the trial of a version needs: how the table is kept, and the trial's rows."""
        return [
            iam.PolicyStatement(
                actions=["dynamodb:DescribeTable"], resources=[self.table.table_arn]
            ),
            iam.PolicyStatement(
                actions=["dynamodb:DeleteItem", "dynamodb:GetItem"],
                resources=[self.table.table_arn],
                conditions={
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": f"{TEST_BUCKET}#*"}
                },
            ),
            self._open_key(),
        ]

    def _open_key(self) -> iam.PolicyStatement:
        # DynamoDB opens the table's key in the name of the caller. Through DynamoDB only: the same
        # key protects the objects, which no function of ours must read.
        return use_through(self._key, "dynamodb", "kms:Decrypt")
