"""Dead-letter queues."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..settings.settings import Settings
from .alarm_description import alarm_description
from .alarm_topic import AlarmTopic
from .keys import Keys
from .python_function import PythonFunction


class DeadLetterQueue(sqs.Queue):
    """A queue under the QUEUE key for failed messages. It keeps them for 14 days, SQS's maximum.

    Each function has its own. `allow_reports` or `deny_principals` limits the senders; AWS services
    need a statement of their own (`allow_send`). SQS itself moves messages here from the queues
    that name this one in their redrive policy.

    An alarm of `alarms` is on while the queue has messages. `depth` is its metric.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        alarms: AlarmTopic,
        function: str,
    ) -> None:
        super().__init__(
            scope,
            id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.queue,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
            removal_policy=settings.removal_policy,
        )
        self._key = keys.queue
        self.depth = self.metric_approximate_number_of_messages_visible(
            period=cdk.Duration.minutes(1), statistic="Maximum"
        )
        alarms.alarm(
            self,
            "Waiting",
            self.depth,
            above=0,
            description=alarm_description(
                f"What {function} failed on is in its dead-letter queue",
                "reinventure failed",
                f"Failures of {function} wait",
            ),
        )

    def allow_reports(self, handler: PythonFunction) -> None:
        """Allow the role of `handler` to send, and no other principal of the account.

        Lambda sends the failures of a function with the function's role.
        """
        handler.permissions.add_statements(
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue_arn]),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key.key_arn]
            ),
        )
        self.deny_principals({"ArnNotEquals": {"aws:PrincipalArn": handler.role.role_arn}})

    def deny_principals(self, which: dict[str, dict[str, str]] | None = None) -> None:
        """Deny the principals of the condition `which`, by default all, to send; services may."""
        self.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["sqs:SendMessage"],
                resources=[self.queue_arn],
                conditions={"Bool": {"aws:PrincipalIsAWSService": "false"}, **(which or {})},
            )
        )
