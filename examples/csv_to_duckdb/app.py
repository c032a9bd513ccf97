"""The stack CsvFiles: a queue of the changes of CSV files, and the permissions to follow them."""

from typing import Any

from aws_cdk import App, Aws, CfnOutput, Duration, Fn, Stack
from aws_cdk.aws_iam import ManagedPolicy, PolicyStatement
from aws_cdk.aws_kms import Key
from aws_cdk.aws_sns import SubscriptionFilter, Topic
from aws_cdk.aws_sns_subscriptions import SqsSubscription
from aws_cdk.aws_sqs import DeadLetterQueue, Queue

app = App()
stack = Stack(app, "CsvFiles")
bucket = app.node.try_get_context("bucket") or Fn.get_stack_output("Catalog", "BucketName")
data = Key.from_key_arn(stack, "DataKey", Fn.get_stack_output("Catalog", "DataKeyArn"))
queue_key = Key.from_key_arn(stack, "QueueKey", Fn.get_stack_output("Catalog", "QueueKeyArn"))
topic_arn = Fn.get_stack_output("Catalog", "ChangesTopicArn")

secure: dict[str, Any] = {
    "fifo": True,
    "encryption_master_key": queue_key,
    "enforce_ssl": True,
    "retention_period": Duration.days(14),
}
failed = Queue(stack, "Failed", **secure)
retries, time = DeadLetterQueue(queue=failed, max_receive_count=5), Duration.minutes(15)
queue = Queue(stack, "Queue", visibility_timeout=time, dead_letter_queue=retries, **secure)
wanted = {"bucket": [bucket], "suffix": [".csv"]}
policy = {name: SubscriptionFilter.string_filter(allowlist=of) for name, of in wanted.items()}
Topic.from_topic_arn(stack, "Changes", topic_arn).add_subscription(
    SqsSubscription(
        queue, raw_message_delivery=True, dead_letter_queue=failed, filter_policy=policy
    )
)

allowed = [
    (f"arn:{Aws.PARTITION}:s3:::{bucket}/*", "s3:GetObject"),
    (queue.queue_arn, "sqs:DeleteMessage", "sqs:ReceiveMessage"),
    (data.key_arn, "kms:Decrypt"),
    (queue_key.key_arn, "kms:Decrypt"),
]
statements = [PolicyStatement(actions=[*actions], resources=[arn]) for arn, *actions in allowed]
follower = ManagedPolicy(stack, "Follower", statements=statements)
CfnOutput(stack, "QueueUrl", value=queue.queue_url)
CfnOutput(stack, "PolicyArn", value=follower.managed_policy_arn)
app.synth()
