"""The events that S3 sends to EventBridge on the local cloud have the fields of AWS."""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient


def test_objects_of_events_have_versions_and_deletions_no_size(session: boto3.Session) -> None:
    s3: S3Client = session.client("s3")
    sqs: SQSClient = session.client("sqs")
    events = session.client("events")
    name = f"events-{uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    reply = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = reply["Attributes"]["QueueArn"]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    s3.create_bucket(Bucket=name)
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    def sent() -> tuple[str, dict[str, Any]]:
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        event = json.loads(message["Body"])
        stored = event["detail"]["object"]
        assert len(stored.pop("sequencer")) == 18
        return event["detail"].get("deletion-type", event["detail-type"]), stored

    etag = s3.put_object(Bucket=name, Key="a + ü", Body=b"1")["ETag"].strip('"')
    assert sent() == ("Object Created", {"key": "a + ü", "size": 1, "etag": etag})
    s3.delete_object(Bucket=name, Key="a + ü")
    assert sent() == ("Permanently Deleted", {"key": "a + ü"})

    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=name, Key="k", Body=b"1")["VersionId"]
    created = {"key": "k", "size": 1, "etag": etag, "version-id": version}
    assert sent() == ("Object Created", created)
    marker = s3.delete_object(Bucket=name, Key="k")["VersionId"]
    assert sent() == ("Delete Marker Created", {"key": "k", "version-id": marker})
    s3.delete_object(Bucket=name, Key="k", VersionId=version)
    assert sent() == ("Permanently Deleted", {"key": "k", "version-id": version})

    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
