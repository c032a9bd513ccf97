"""Log groups: under a customer managed key, with a retention period."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..settings.settings import Settings


class EncryptedLogGroup(logs.LogGroup):
    """A log group under the customer managed key `key`, for a month, in production for a year.

    CloudFormation names it after the stack, and the key's policy allows those names only.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, key: kms.IKey) -> None:
        production = settings.stage == "production"
        super().__init__(
            scope,
            id,
            encryption_key=key,
            retention=logs.RetentionDays.ONE_YEAR if production else logs.RetentionDays.ONE_MONTH,
            removal_policy=settings.removal_policy,
        )

    def write_statement(self) -> iam.PolicyStatement:
        """Return the permission to write to this group. It does not allow to create log groups."""
        return iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group_arn]
        )
