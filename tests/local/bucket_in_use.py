"""A bucket with many objects and three notifications of others, which stay in use all the time."""

import io
import json
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from uuid import uuid4

import boto3

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_s3.literals import EventType
    from types_boto3_s3.type_defs import FilterRuleTypeDef, NotificationConfigurationTypeDef
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

TEST_MESSAGE = "s3:TestEvent"
"""What stands for a key where a destination received a test message of S3."""

_CODE = """
import json
def handler(event, context):
    for record in event["Records"]:
        print(json.dumps({"received": record["s3"]["object"]["key"]}))
"""


class BucketInUse:
    """A bucket of others. A function, a queue and a topic of theirs receive its events.

    The function is sent new objects under `jobs/` that end with `.csv`, the queue those that end
    with `.jpg`, and the topic all deletions.
    """

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self.s3: S3Client = session.client("s3")
        self._sqs: SQSClient = session.client("sqs")
        self._logs = session.client("logs")
        self.name = f"in-use-{uuid4()}"
        self._function = f"{self.name}-function"
        self._queues: dict[str, str] = {}
        self._received: dict[str, list[str]] = {"function": [], "queue": [], "topic": []}
        self.s3.create_bucket(Bucket=self.name)

    def enable_versioning(self) -> None:
        """Let objects have versions from now on. Those before are the version null."""
        self.s3.put_bucket_versioning(
            Bucket=self.name, VersioningConfiguration={"Status": "Enabled"}
        )

    def clients(self, count: int) -> "list[S3Client]":
        """Return a client for each of `count` threads. A session makes one at a time."""
        return [self._session.client("s3") for _ in range(count)]

    def put_all(self, keys: list[str]) -> None:
        """Put an object of each key."""
        clients = self.clients(4)

        def put(client: "S3Client", some: Iterable[str]) -> None:
            for key in some:
                client.put_object(Bucket=self.name, Key=key, Body=key.encode()[:20])

        with ThreadPoolExecutor(len(clients)) as pool:
            shares = [keys[n :: len(clients)] for n in range(len(clients))]
            list(pool.map(put, clients, shares))

    def notify_others(self) -> None:
        """Let S3 send events to the three destinations. It sends the last two a test message."""
        topics: SNSClient = self._session.client("sns")
        topic = topics.create_topic(Name=f"{self.name}-topic")["TopicArn"]
        policy = _allow("s3.amazonaws.com", "sns:Publish", topic)
        topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        queue = self._new_queue("queue", "s3.amazonaws.com")
        subscribed = self._new_queue("topic", "sns.amazonaws.com")
        topics.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=subscribed,
            Attributes={"RawMessageDelivery": "true"},
        )
        created: list[EventType] = ["s3:ObjectCreated:*"]
        jobs: list[FilterRuleTypeDef] = [
            {"Name": "prefix", "Value": "jobs/"},
            {"Name": "suffix", "Value": ".csv"},
        ]
        entries: NotificationConfigurationTypeDef = {
            "LambdaFunctionConfigurations": [
                {
                    "Id": "jobs & others",
                    "LambdaFunctionArn": self._new_function(),
                    "Events": created,
                    "Filter": {"Key": {"FilterRules": jobs}},
                }
            ],
            "QueueConfigurations": [
                {
                    "QueueArn": queue,
                    "Events": created,
                    "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}},
                }
            ],
            "TopicConfigurations": [
                {"Id": "deletions ü", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}
            ],
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration=entries
        )

    def configuration(self) -> dict[str, Any]:
        """The notification configuration, as botocore parses it."""
        reply: dict[str, Any] = dict(
            self.s3.get_bucket_notification_configuration(Bucket=self.name)
        )
        del reply["ResponseMetadata"]
        return reply

    def versions(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All versions and delete markers by key and version id, with every field of the listing.

        The emulator lists the last key of a page again on the next one.
        """
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.name)
        return {
            (each["Key"], each["VersionId"]): dict(each)
            for page in pages
            for each in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        }

    def received(self) -> dict[str, list[str]]:
        """The keys of all events so far that each destination received."""
        for name, url in self._queues.items():
            while found := self._messages(url):
                for message in found:
                    self._received[name] += _keys(json.loads(message))
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{self._function}", filterPattern="received"
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        self._received["function"] = [
            unquote_plus(json.loads(line)["received"]) for line in lines if '"received"' in line
        ]
        return self._received

    def _messages(self, url: str) -> list[str]:
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if found:
            self._sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                    for number, each in enumerate(found)
                ],
            )
        return [each["Body"] for each in found]

    def _new_queue(self, name: str, sender: str) -> str:
        url = self._sqs.create_queue(QueueName=f"{self.name}-{name}")["QueueUrl"]
        reply = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = reply["Attributes"]["QueueArn"]
        policy = _allow(sender, "sqs:SendMessage", arn)
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self._queues[name] = url
        return arn

    def _new_function(self) -> str:
        iam: IAMClient = self._session.client("iam")
        name = self._function
        trust = _allow("lambda.amazonaws.com", "sts:AssumeRole")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("others.py", _CODE)
        functions: LambdaClient = self._session.client("lambda")
        arn = functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="others.handler",
            Role=role,
            Code={"ZipFile": packed.getvalue()},
        )["FunctionArn"]
        functions.add_permission(
            FunctionName=name,
            StatementId="s3",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{self.name}",
        )
        self._logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        return arn


def _keys(message: dict[str, Any]) -> list[str]:
    if message.get("Event") == TEST_MESSAGE:
        return [TEST_MESSAGE]
    return [unquote_plus(record["s3"]["object"]["key"]) for record in message["Records"]]


def _allow(service: str, action: str, resource: str | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action}
    if resource:
        statement["Resource"] = resource
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
