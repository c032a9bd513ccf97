"""The custom resource on the emulator: the entries of others keep working, and rules decide."""

import json
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import botocore.session
import pytest

from reinventure.event_patterns import patterns
from reinventure.local.cloud import Cloud
from s3_catalog.attachment.bucket_notifications import BucketNotifications, one_attempt
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from s3_catalog.attachment.matching_rules import matching_rules
from s3_catalog.attachment.switch_resource import Outcome, handle
from s3_catalog.model import scope

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

REGION, ACCOUNT = "us-east-1", "000000000000"


def allow(services: list[str], action: str) -> str:
    """A resource policy for `services`."""
    principals = [f"{service}.amazonaws.com" for service in services]
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": principals},
                    "Action": action,
                    "Resource": "*",
                }
            ],
        }
    )


class Emulator:
    """Clients of the local cloud, and a bucket with three entries of others."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.s3: S3Client = self.client("s3")
        self.sqs: SQSClient = self.client("sqs")
        self.events: Any = self.client("events")
        self.bucket = f"photos-{uuid4()}"
        self.rule = f"ours-{uuid4()}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.queue_of_others = self.new_queue()
        topic = self.client("sns").create_topic(
            Name=f"topic-{uuid4()}", Attributes={"Policy": allow(["s3"], "sns:Publish")}
        )["TopicArn"]
        self.queue_of_topic = self.new_queue()
        self.client("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=self.arn(self.queue_of_topic),
            Attributes={"RawMessageDelivery": "true"},
        )
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket,
            SkipDestinationValidation=True,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "Id": "a queue",
                        "QueueArn": self.arn(self.queue_of_others),
                        "Events": ["s3:ObjectCreated:Put"],
                    }
                ],
                "TopicConfigurations": [
                    {"Id": "a topic", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}
                ],
                "LambdaFunctionConfigurations": [
                    {
                        "LambdaFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:gone",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {
                            "Key": {
                                "FilterRules": [
                                    {"Name": "prefix", "Value": "a & b/"},
                                    {"Name": "suffix", "Value": ".jpg"},
                                ]
                            }
                        },
                    }
                ],
            },
        )

    def client(self, service: str, **options: Any) -> Any:
        return botocore.session.Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self._cloud.endpoint,
            verify=self._cloud.environment["AWS_CA_BUNDLE"],
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 (the local cloud has no other)
            **options,
        )

    def new_queue(self) -> str:
        return self.sqs.create_queue(
            QueueName=f"queue-{uuid4()}",
            Attributes={"Policy": allow(["s3", "sns", "events"], "sqs:SendMessage")},
        )["QueueUrl"]

    def arn(self, queue: str) -> str:
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]

    def messages(self, queue: str, count: int) -> list[Any]:
        """The first `count` messages of `queue`; fewer, if none comes for two seconds."""
        found: list[Any] = []
        while len(found) < count:
            page = self.sqs.receive_message(
                QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=10
            ).get("Messages", [])
            if not page:
                break
            found += [json.loads(message["Body"]) for message in page]
            for message in page:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def configuration(self) -> dict[str, Any]:
        found: dict[str, Any] = dict(
            self.s3.get_bucket_notification_configuration(Bucket=self.bucket)
        )
        del found["ResponseMetadata"]
        return found

    def request(self, kind: str, physical_id: str = "") -> Outcome:
        """What CloudFormation gets for a request."""
        notifications = BucketNotifications(self.client("s3", config=one_attempt()), ACCOUNT)
        return handle(
            {
                "RequestType": kind,
                "PhysicalResourceId": physical_id,
                "ResourceProperties": {"Bucket": self.bucket, "Rules": [self.rule]},
            },
            lambda bucket: EventBridgeSwitch(notifications, bucket, REGION),
            lambda bucket, ours: matching_rules(
                self.events, bucket, partition="aws", region=REGION, account=ACCOUNT, ours=ours
            ),
        )


@pytest.fixture
def emulator(local_cloud: Cloud) -> Emulator:
    return Emulator(local_cloud)


def test_attaching_and_detaching_leave_the_configuration_as_it_was(emulator: Emulator) -> None:
    before = emulator.configuration()
    assert len(before) == 3
    created = emulator.request("Create")
    assert created == Outcome(
        True, f"{emulator.bucket}:switched-on", f"{emulator.bucket}: EventBridge was turned on"
    )
    assert emulator.configuration() == {**before, "EventBridgeConfiguration": {}}

    other = partial(emulator.events.put_rule, Name=f"other-{uuid4()}")
    rule = other(EventPattern=json.dumps({"detail": {"object": {"key": [{"suffix": ".jpg"}]}}}))
    name = rule["RuleArn"].partition("/")[2]
    kept = emulator.request("Delete", created.physical_id)
    assert kept.succeeded
    assert kept.reason.endswith(f"because other rules may need it: {name}")
    assert "EventBridgeConfiguration" in emulator.configuration()

    other(EventPattern=json.dumps({"detail": {"bucket": {"name": ["logs"]}}}))
    deleted = emulator.request("Delete", created.physical_id)
    assert deleted.reason.endswith("EventBridge was turned off, as it was before")
    assert emulator.configuration() == before
    emulator.events.delete_rule(Name=name)


def test_events_of_the_scope_arrive_and_those_of_others_as_well(emulator: Emulator) -> None:
    queue = emulator.new_queue()
    attached = scope.parse(f"{emulator.bucket}/a b/,{emulator.bucket}/c/,another-bucket")
    [pattern] = patterns(attached).values()
    emulator.events.put_rule(Name=emulator.rule, EventPattern=json.dumps(pattern))
    emulator.events.put_targets(
        Rule=emulator.rule, Targets=[{"Id": "queue", "Arn": emulator.arn(queue)}]
    )
    assert emulator.request("Create").succeeded

    for key in ("a b/1 + 1%.jpg", "a/2", "c/", "c"):
        emulator.s3.put_object(Bucket=emulator.bucket, Key=key, Body=b"content")
    emulator.s3.delete_object(Bucket=emulator.bucket, Key="c/")

    seen = [
        (event["detail-type"], event["detail"]["object"]["key"])
        for event in emulator.messages(queue, 4)
    ]
    assert sorted(seen) == [
        ("Object Created", "a b/1 + 1%.jpg"),
        ("Object Created", "c/"),
        ("Object Deleted", "c/"),
    ]
    others = emulator.messages(emulator.queue_of_others, 5)
    assert len([message for message in others if "Records" in message]) == 4
    assert (
        len([each for each in emulator.messages(emulator.queue_of_topic, 2) if "Records" in each])
        == 1
    )
    emulator.events.remove_targets(Rule=emulator.rule, Ids=["queue"])
    emulator.events.delete_rule(Name=emulator.rule)
