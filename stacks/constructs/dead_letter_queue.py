"""Dead-letter queues."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..settings.settings import Settings
from .keys import Keys


class DeadLetterQueue(sqs.Queue):
    """A queue under the QUEUE key for failed messages. It keeps them for 14 days, SQS's maximum."""

    def __init__(self, scope: Construct, id: str, settings: Settings, keys: Keys) -> None:
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

    def report_statements(self) -> list[iam.PolicyStatement]:
        """Return the permissions of a function whose failures Lambda sends here."""
        return [
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue_arn]),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key.key_arn]
            ),
        ]
