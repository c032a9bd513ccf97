"""Reading and writing the notification configuration of a bucket as raw XML."""

from typing import TYPE_CHECKING, Any

from s3_catalog.attachment.notification_document import NotificationDocument

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import NotificationConfigurationTypeDef


_NEVER_SENT: "NotificationConfigurationTypeDef" = {
    "QueueConfigurations": [{"QueueArn": "replaced by the document", "Events": []}]
}
"""S3 refuses it. An empty configuration would remove every entry, should it ever be sent."""


def one_attempt() -> "Config":
    """Return the configuration of the client.

    A second attempt of botocore would write what was read before the first one, over the changes of
    others in between.
    """
    from botocore.config import Config  # noqa: PLC0415 (the command's help needs none)

    return Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})


class BucketNotifications:
    """The notification configurations of the buckets of `account`.

    `client` sends and returns the raw bodies from now on, so it is for this alone. Every method
    raises botocore's ClientError or BotoCoreError when S3 refuses or does not answer, for a bucket
    of another account, too.
    """

    def __init__(self, client: "S3Client", account: str) -> None:
        self._client = client
        self._account = account
        self._sent = self._received = b""
        events = client.meta.events
        # botocore signs the request and adds its checksum after this event.
        events.register("before-call.s3.PutBucketNotificationConfiguration", self._replace)
        events.register("before-parse.s3.GetBucketNotificationConfiguration", self._keep)

    def region(self, bucket: str) -> str:
        """Return the region of `bucket`."""
        answer = self._client.get_bucket_location(Bucket=bucket, ExpectedBucketOwner=self._account)
        found: str | None = answer.get("LocationConstraint")
        # The names of the first two regions are older than those of today.
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(found, str(found))

    def read(self, bucket: str) -> NotificationDocument:
        """Return the configuration of `bucket`.

        Raises MalformedError if it is no configuration.
        """
        self._client.get_bucket_notification_configuration(
            Bucket=bucket, ExpectedBucketOwner=self._account
        )
        return NotificationDocument.parse(self._received)

    def write(self, bucket: str, content: bytes) -> None:
        """Replace the configuration of `bucket` by the document `content`.

        S3 does not validate the destinations. It would send each of them a test message, and refuse
        the document if one of them no longer exists.
        """
        self._sent = content
        self._client.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration=_NEVER_SENT,
            SkipDestinationValidation=True,
            ExpectedBucketOwner=self._account,
        )

    def _replace(self, params: dict[str, Any], **_event: object) -> None:
        params["body"] = self._sent

    def _keep(self, response_dict: dict[str, Any], **_event: object) -> None:
        self._received = response_dict["body"]
