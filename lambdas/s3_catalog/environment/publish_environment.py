"""The environment variables of `publish`."""

from dataclasses import dataclass

from s3_catalog.environment.variables import Environment


@dataclass(frozen=True)
class PublishEnvironment(Environment):
    """The topic, and the dead-letter queue for changes that SNS refuses.

    `whole_batches`: the event source mapping can retry a whole batch only, as on the local cloud.
    """

    topic_arn: str
    failure_queue_url: str
    whole_batches: bool
