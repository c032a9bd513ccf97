"""Saved queries of CloudWatch Logs Insights that follow single keys (`s3_catalog.key_log`)."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from s3_catalog import key_log

FAILURES = f"""\
# What failed, by key. These lines are always there.
fields fromMillis(floor(at / 1000)) as time, bucket, key, sequencer, reason, @log
| filter logger = "{key_log.LOGGER}" and message = "{key_log.FAILED}"
| sort at desc
| limit 1000"""
"""Failures of all keys, the newest first."""

STEPS = f"""\
# All steps of one key. Put its bucket and key in; without log_level=debug there are failures only.
fields fromMillis(floor(at / 1000)) as time, message, sequencer, outcome, clause, reason,
  event_name, event_time, kind, change, message_id, @log
| filter logger = "{key_log.LOGGER}" and bucket = "BUCKET" and key = "KEY"
| sort at asc
| limit 1000"""
"""Steps of a key: arrived, decided, counted, published, mirrored, and failed."""

SEQUENCER = f"""\
# All steps of one event of S3, by its sequencer, padded with zeros to 32 digits as rows have it.
# Without log_level=debug there are failures only.
fields fromMillis(floor(at / 1000)) as time, message, bucket, key, outcome, clause, reason,
  event_name, event_time, kind, change, message_id, @log
| filter logger = "{key_log.LOGGER}" and sequencer = "SEQUENCER"
| sort at asc
| limit 1000"""
"""Steps of an event, and of the change that it made."""

QUERIES: Mapping[str, str] = {
    "failures of keys": FAILURES,
    "steps of a key (needs log_level=debug)": STEPS,
    "steps of a sequencer (needs log_level=debug)": SEQUENCER,
}
"""The queries by their names. The first word of a line is a command, `#` begins a comment."""


class SavedQueries(Construct):
    """The queries in `log_groups`, below the name of the stack in the list of saved queries."""

    def __init__(self, scope: Construct, id: str, *, log_groups: list[logs.ILogGroup]) -> None:
        super().__init__(scope, id)
        for number, (name, query) in enumerate(QUERIES.items()):
            logs.CfnQueryDefinition(
                self,
                f"Query{number}",
                name=f"{cdk.Aws.STACK_NAME}/{name}",
                query_string=query,
                log_group_names=[each.log_group_name for each in log_groups],
            )
