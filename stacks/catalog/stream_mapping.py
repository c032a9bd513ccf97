"""Event source mappings from the table's stream to a function."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources

from ..constructs.alarm_description import alarm_description
from ..constructs.alarm_topic import AlarmTopic
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.python_function import PythonFunction
from .encrypted_table import EncryptedTable

_SECOND = cdk.Duration.seconds(1)
"""The shortest batching window of a batch of more than 10 records."""

_LATE = cdk.Duration.minutes(5)
"""Age of the last record that was read, from which its reader lags, besides the window."""


def feed(
    handler: PythonFunction,
    table: EncryptedTable,
    dead_letter_queue: DeadLetterQueue,
    *,
    name: str,
    alarms: AlarmTopic,
    batch_size: int,
    max_age: cdk.Duration,
    batching_window: cdk.Duration = _SECOND,
    tumbling_window: cdk.Duration | None = None,
) -> cloudwatch.Alarm:
    """Invoke `handler` with every record of the stream of `table`, in order within a shard.

    Reading starts at the oldest record (TRIM_HORIZON). A batch has up to `batch_size` records of
    `batching_window`; the function may report the first one that failed. A failed batch is bisected
    and retried until it succeeds or is older than `max_age`, and blocks its shard meanwhile; then
    its position goes to `dead_letter_queue`. With a `tumbling_window`, the event names its shard,
    and the function must return a `state`.

    Returns the alarm that is on while the function, called `name` there, lags behind.
    """
    handler.permissions.add_statements(*table.stream_statements())
    dead_letter_queue.allow_reports(handler)
    handler.function.add_event_source_mapping(
        "Stream",
        event_source_arn=table.table.table_stream_arn,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=batch_size,
        max_batching_window=batching_window,
        max_record_age=max_age,
        retry_attempts=-1,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        tumbling_window=tumbling_window,
        on_failure=sources.SqsDlq(dead_letter_queue),
    )
    return alarms.alarm(
        handler,
        "Late",
        handler.function.metric("IteratorAge", period=cdk.Duration.minutes(1), statistic="Maximum"),
        # The only record of a batch may have waited for the whole window.
        above=_LATE.plus(batching_window).to_milliseconds(),
        of=3,
        description=alarm_description(
            f"{name} is 5 minutes behind in the table's stream, besides its window",
            f"aws logs tail {handler.log_group.log_group_name} --since 1h",
            f"{name} is late",
        ),
    )
