"""Functions that react to what changes in the catalog, by the table's stream."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources

from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.python_function import PythonFunction
from .encrypted_table import EncryptedTable


def feed(
    handler: PythonFunction,
    table: EncryptedTable,
    failures: DeadLetterQueue,
    *,
    batch_size: int,
    max_age: cdk.Duration,
    window: cdk.Duration | None = None,
) -> None:
    """Give `handler` every record of the stream of `table`, shard by shard in the order of writes.

    From the oldest that the stream holds. What fails is tried again, in halves, until it succeeds
    or is older than `max_age`; the shard waits meanwhile, and what was given up is named in
    `failures`. The function may say from which record on a batch failed. With a `window`, the
    event names the shard that it is from; the function must return a `state` then.
    """
    handler.permissions.add_statements(*table.stream_statements(), *failures.report_statements())
    handler.function.add_event_source_mapping(
        "Stream",
        event_source_arn=table.table.table_stream_arn,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=batch_size,
        max_batching_window=cdk.Duration.seconds(1),
        max_record_age=max_age,
        retry_attempts=-1,
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        tumbling_window=window,
        on_failure=sources.SqsDlq(failures),
    )
