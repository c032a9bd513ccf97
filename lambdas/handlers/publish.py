"""`publish`: publishes the changes in the table's stream to the topic of the change feed."""

import logging
from typing import Any

from handlers.batch_reply import batch_reply
from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.publish_environment import PublishEnvironment
from s3_catalog.exceptions import PublishError
from s3_catalog.feed.publisher import Publisher

_log = logging.getLogger("publish")
_log.setLevel(logging.INFO)

# Created during the initialization, when Lambda gives the function a full processor.
_environment = PublishEnvironment.from_env()
_publisher = Publisher(
    clients.sns(), _environment.topic_arn, clients.sqs(), _environment.failure_queue_url
)


def handler(batch: dict[str, Any], context: Context) -> dict[str, Any]:
    """Publish the changes in a batch of stream records; `redriven` if a person redrives it.

    Returns the counts, and the first record that failed: Lambda retries the batch from there. An
    empty identifier, of something that is no stream record, makes Lambda retry the whole batch.

    Raises PublishError instead where the event source mapping can retry whole batches only.
    """
    report = _publisher.publish(
        batch["Records"], context.invoked_function_arn, redriven=bool(batch.get("redriven"))
    )
    counts = {
        "published": report.published,
        "ignored": report.ignored,
        "set_aside": report.set_aside,
    }
    _log.info("published", extra=counts)
    if report.failed is None:
        return {**counts, **batch_reply({})}
    reason = "; ".join(report.errors)
    _log.error("stopped at %s: %s", report.failed, reason)
    if _environment.whole_batches:
        raise PublishError(reason)
    return {**counts, **batch_reply({report.failed: [reason]})}
