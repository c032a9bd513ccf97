"""The stack Thumbnails: a queue of the change feed, the function that reads it, and its bucket."""

from pathlib import Path
from typing import Any

from aws_cdk import App, Aws, Duration, Fn, Stack
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_kms import Key
from aws_cdk.aws_lambda import Architecture, Code, Function, Runtime
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_s3 import Bucket, LifecycleRule
from aws_cdk.aws_sns import SubscriptionFilter, Topic
from aws_cdk.aws_sns_subscriptions import SqsSubscription
from aws_cdk.aws_sqs import DeadLetterQueue, Queue

IMAGES = [".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff"]

app = App()
stack = Stack(app, "Thumbnails")
images = app.node.try_get_context("bucket") or Fn.get_stack_output("Catalog", "BucketName")
data = Key.from_key_arn(stack, "DataKey", Fn.get_stack_output("Catalog", "DataKeyArn"))
queue_key = Key.from_key_arn(stack, "QueueKey", Fn.get_stack_output("Catalog", "QueueKeyArn"))
topic_arn = Fn.get_stack_output("Catalog", "ChangesTopicArn")

# Of a deleted image an empty object stays for 60 days, with the position of its deletion.
forget = LifecycleRule(object_size_less_than=1, expiration=Duration.days(60))
thumbnails = Bucket(
    stack, "Bucket", encryption_key=data, enforce_ssl=True, lifecycle_rules=[forget]
)

secure: dict[str, Any] = {"fifo": True, "encryption_master_key": queue_key, "enforce_ssl": True}
failed = Queue(stack, "Failed", retention_period=Duration.days(14), **secure)
retries = DeadLetterQueue(queue=failed, max_receive_count=5)
time = Duration.minutes(6)
queue = Queue(stack, "Queue", visibility_timeout=time, dead_letter_queue=retries, **secure)
wanted = {"bucket": [images], "suffix": IMAGES}
policy = {name: SubscriptionFilter.string_filter(allowlist=of) for name, of in wanted.items()}
Topic.from_topic_arn(stack, "Changes", topic_arn).add_subscription(
    SqsSubscription(
        queue, raw_message_delivery=True, dead_letter_queue=failed, filter_policy=policy
    )
)

function = Function(
    stack,
    "Function",
    runtime=Runtime.PYTHON_3_13,
    architecture=Architecture.ARM_64,
    code=Code.from_asset(str(Path(__file__).parent / "build")),
    handler="thumbnails.handler",
    environment={"THUMBNAILS": thumbnails.bucket_name},
    memory_size=1024,
    timeout=Duration.minutes(1),
    events=[SqsEventSource(queue, batch_size=1)],
)
for resource, *actions in (
    (f"arn:{Aws.PARTITION}:s3:::{images}/*", "s3:GetObject"),
    (thumbnails.arn_for_objects("*"), "s3:GetObject", "s3:PutObject"),
    (thumbnails.bucket_arn, "s3:ListBucket"),
    (data.key_arn, "kms:Decrypt", "kms:GenerateDataKey"),
):
    function.add_to_role_policy(PolicyStatement(actions=actions, resources=[resource]))
app.synth()
