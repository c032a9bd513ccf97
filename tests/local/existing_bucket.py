"""A bucket that existed before the catalog, and that others use as well."""

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import QueueConfigurationOutputTypeDef
    from types_boto3_sqs import SQSClient


class Existing:
    """A bucket of others with objects, and their notifications to a queue of theirs."""

    def __init__(self, session: boto3.Session) -> None:
        self.s3: S3Client = session.client("s3")
        self._sqs: SQSClient = session.client("sqs")
        self.name = f"photos-{uuid4()}"
        self.s3.create_bucket(Bucket=self.name)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "s3.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": "*",
                }
            ],
        }
        self._url = self._sqs.create_queue(
            QueueName=f"others-{uuid4()}", Attributes={"Policy": json.dumps(policy)}
        )["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.s3.put_bucket_notification_configuration(
            Bucket=self.name,
            SkipDestinationValidation=True,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "Id": "thumbnails",
                        "QueueArn": arn["Attributes"]["QueueArn"],
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}},
                    }
                ]
            },
        )
        for key in ("in/before + ü.jpg", "out/before"):
            self.s3.put_object(Bucket=self.name, Key=key, Body=b"before")

    def entries(self) -> "list[QueueConfigurationOutputTypeDef]":
        """The notifications of others."""
        found = self.s3.get_bucket_notification_configuration(Bucket=self.name)
        return found["QueueConfigurations"]

    def sends_to_eventbridge(self) -> bool:
        found = self.s3.get_bucket_notification_configuration(Bucket=self.name)
        return "EventBridgeConfiguration" in found

    def others_received(self) -> int:
        """The number of messages in the queue of others."""
        reply = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(reply["Attributes"]["ApproximateNumberOfMessages"])
