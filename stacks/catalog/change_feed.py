"""The change feed: a topic with a message for every effective change of the catalog."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from s3_catalog.environment.publish_environment import PublishEnvironment

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys, let_service_use, use_through
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from .encrypted_table import EncryptedTable
from .stream_mapping import feed


class ChangeFeed(Construct):
    """The FIFO topic `<stack>-changes.fifo` under the DATA key, and `publish`, which feeds it.

    Messages of one key keep their order; those of different keys do not wait for each other.
    Queues under the QUEUE key may subscribe. What could not be published for six hours is named in
    `failures`: 18 hours remain to redrive it before the table's stream forgets it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        table: EncryptedTable,
        failures: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"{cdk.Aws.STACK_NAME}-changes",  # CDK adds what FIFO topics end with.
            fifo=True,
            fifo_throughput_scope=sns.FifoThroughputScope.MESSAGE_GROUP,
            master_key=keys.data,
            enforce_ssl=True,
        )
        # The account is part of a topic's name, which is all that SNS is known to tell KMS.
        let_service_use(
            keys.queue,
            "sns",
            {"ArnEquals": {"aws:SourceArn": self.topic.topic_arn}},
            sid="LetSendChanges",
        )
        publish = PythonFunction(
            self,
            "Publish",
            settings,
            key=keys.data,
            entry="handlers.publish.handler",
            description="Publishes what changes in the catalog",
            environment=PublishEnvironment(
                topic_arn=self.topic.topic_arn,
                failure_queue_url=failures.queue_url,
                whole_batches=settings.limits.retries_whole_batches,
            ).to_env(),
            permissions=[
                iam.PolicyStatement(
                    actions=[
                        "sns:Publish",
                        *(
                            ["sns:PublishBatch"]
                            if settings.limits.publish_batch_needs_permission
                            else []
                        ),
                    ],
                    resources=[self.topic.topic_arn],
                ),
                # SNS opens the topic's key in the name of who publishes.
                use_through(keys.data, "sns", "kms:Decrypt", "kms:GenerateDataKey"),
            ],
            memory_size=256,
            timeout=cdk.Duration.seconds(60),
        )
        feed(publish, table, failures, batch_size=100, max_age=cdk.Duration.hours(6))
        self.function = publish.function
