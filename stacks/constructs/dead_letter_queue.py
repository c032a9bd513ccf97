"""Where everything ends that a function gave up on."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..settings.settings import Settings
from .keys import Keys


class DeadLetterQueue(sqs.Queue):
    """The queue of the failures, in which they wait for 14 days, SQS's longest."""

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
        """Return what a function needs to have its failures put here."""
        return [
            iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.queue_arn]),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key.key_arn]
            ),
        ]
