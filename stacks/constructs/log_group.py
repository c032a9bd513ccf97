"""Log groups: under the customer key, and forgotten after a while."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..settings.settings import Settings


class EncryptedLogGroup(logs.LogGroup):
    """A log group under the customer key `key`, kept for a month, or for a year in production.

    It has no name of its own: CloudFormation's begins with that of the stack, which is what the
    key's policy allows.
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
        """Return what a function needs to log here: it cannot make log groups of its own."""
        return iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group_arn]
        )
