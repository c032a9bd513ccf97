"""The end of a subscription of a temporary queue."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient


def unsubscribe(sns: "SNSClient", topic_arn: str, queue_arn: str) -> None:
    """Remove the subscription of the queue to the topic, if there is one.

    By the queue: a subscription may exist even if subscribe had no answer.
    """
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    for subscription in [each for page in pages for each in page["Subscriptions"]]:
        if subscription["Endpoint"] == queue_arn:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
