"""The change feed: a FIFO topic with a message for every effective change of the catalog."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from s3_catalog.environment.publish_environment import PublishEnvironment

from ..constructs.alarm_topic import AlarmTopic
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.keys import Keys, allow_service, use_through
from ..constructs.python_function import PythonFunction
from ..settings.settings import Settings
from .encrypted_table import EncryptedTable
from .stream_mapping import feed


class ChangeFeed(Construct):
    """The FIFO topic `<stack>-changes.fifo` under the DATA key, and `publish`, which writes to it.

    Messages of one object key keep their order. Queues under the QUEUE key may subscribe. A batch
    that fails for six hours goes to the dead-letter queue: 18 hours remain to redrive it before its
    records leave the table's stream.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        settings: Settings,
        *,
        keys: Keys,
        table: EncryptedTable,
        alarms: AlarmTopic,
    ) -> None:
        super().__init__(scope, id)
        self.dead_letter_queue = DeadLetterQueue(
            self, "Failures", settings, keys=keys, alarms=alarms, function="publish"
        )
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"{cdk.Aws.STACK_NAME}-changes",  # CDK adds what FIFO topics end with.
            fifo=True,
            fifo_throughput_scope=sns.FifoThroughputScope.MESSAGE_GROUP,
            master_key=keys.data,
            enforce_ssl=True,
        )
        # The topic's ARN, which includes the account, is the only condition key that SNS sends KMS.
        allow_service(
            keys.queue,
            "sns",
            {"ArnEquals": {"aws:SourceArn": self.topic.topic_arn}},
            settings,
            sid="LetSendChanges",
        )
        publish = PythonFunction(
            self,
            "Publish",
            settings,
            key=keys.data,
            entry="handlers.publish.handler",
            description="Publishes the changes of the catalog",
            environment=PublishEnvironment(
                topic_arn=self.topic.topic_arn,
                failure_queue_url=self.dead_letter_queue.queue_url,
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
                # SNS uses the topic's key with the permissions of the publisher.
                use_through(keys.data, "sns", "kms:Decrypt", "kms:GenerateDataKey"),
            ],
            memory_size=256,
            timeout=cdk.Duration.seconds(60),
        )
        self.late = feed(
            publish,
            table,
            self.dead_letter_queue,
            name="publish",
            alarms=alarms,
            batch_size=100,
            max_age=cdk.Duration.hours(6),
        )
        self.function = publish.function
        self.log_group = publish.log_group
        self.role_id = publish.role.role_id
