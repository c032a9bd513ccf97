"""A CDK app of a team that has buckets, and now a catalog of them."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_sns_subscriptions import SqsSubscription
from constructs import Construct
from reinventure_cdk import Catalog


class PhotoStack(cdk.Stack):
    """The catalog of two buckets, and a queue that gets each change of an object."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        photos = Catalog(self, "Photos", buckets=["photos-prod", "logs-prod/2026/"])
        changes, keys = photos.catalog.changes, photos.catalog.keys
        failed, queue = (
            sqs.Queue(self, name, fifo=True, encryption_master_key=keys.queue, enforce_ssl=True)
            for name in ("Failed", "Changed")
        )
        changes.topic.add_subscription(
            SqsSubscription(queue, raw_message_delivery=True, dead_letter_queue=failed)
        )


app = cdk.App()
PhotoStack(app, "PhotoStack")
app.synth()
