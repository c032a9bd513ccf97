"""DynamoDB tables under a customer managed key."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from s3_catalog.model.row import TEST_BUCKET

from ..constructs.keys import use_through
from ..settings.settings import Settings


class EncryptedTable(Construct):
    """A table under the customer managed key `key`, with the string keys `pk` and `sk`.

    DynamoDB deletes items after their `expires_at` (time to live). Point-in-time recovery is
    enabled. With `stream`, the table's stream has the old and the new image of each write.
    """

    def __init__(
        self, scope: Construct, id: str, settings: Settings, *, key: kms.IKey, stream: bool
    ) -> None:
        super().__init__(scope, id)
        self._key = key
        # TableV2 with a customer managed key needs a fixed region; these templates have none.
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
        """Return the permissions of a function that reads the table's stream."""
        return [
            iam.PolicyStatement(
                actions=[
                    "dynamodb:DescribeStream",
                    "dynamodb:GetRecords",
                    "dynamodb:GetShardIterator",
                    # Lambda checks for it when it creates the event source mapping.
                    "dynamodb:ListStreams",
                ],
                resources=[f"{self.table.table_arn}/stream/*"],
            ),
            self._open_key(),
        ]

    def access_statements(self, *actions: str) -> list[iam.PolicyStatement]:
        """Return the permissions for `actions` on the table."""
        return [
            iam.PolicyStatement(actions=list(actions), resources=[self.table.table_arn]),
            self._open_key(),
        ]

    def partition_statements(self, partition: str, *actions: str) -> list[iam.PolicyStatement]:
        """Return the permissions for `actions` on the items of a `partition` of the table."""
        return [
            iam.PolicyStatement(
                actions=list(actions),
                resources=[self.table.table_arn],
                conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": partition}},
            ),
            self._open_key(),
        ]

    def test_bucket_statements(self) -> list[iam.PolicyStatement]:
        """Return the permissions of the pre-traffic test: the table's settings, its own rows."""
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
        # DynamoDB uses the table's key with the permissions of the caller. Through DynamoDB only:
        # the same key protects the objects, which these functions must not read.
        return use_through(self._key, "dynamodb", "kms:Decrypt")
