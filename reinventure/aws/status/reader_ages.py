"""How far the readers of the table's stream are behind, and whether all readers are on."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from reinventure import contract
from reinventure.aws import deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.permission import refused
from reinventure.aws.status import alarm_states
from reinventure.aws.status.alarm_states import AlarmState, Metric
from reinventure.aws.status.check import Check, State
from reinventure.contract import SqlOutputs

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

    from reinventure.aws.deployed_catalog import DeployedCatalog

METRIC = "IteratorAge"
"""The metric of the alarms on the same readers, in milliseconds."""

_OFF = ("Disabled", "Disabling", "Deleting")
"""States of an event source mapping that invokes its function no more."""

_MIRROR_LATE = timedelta(minutes=15)
"""Age of the oldest change that waits for the mirror. A database that pauses resumes in seconds."""


def checks(
    catalog: "DeployedCatalog", alarms: Sequence[AlarmState], now: datetime
) -> Iterator[Check]:
    """Yield a check for each reader of the stream that `alarms` watch: its age at its last read.

    Needs the permissions cloudwatch:GetMetricData and lambda:ListEventSourceMappings. Raises
    botocore's ClientError or BotoCoreError.
    """
    client = catalog.session.client("lambda", config=config())
    readers = {each.metric: each for each in alarms if each.metric and each.metric.name == METRIC}
    ages = alarm_states.newest(catalog.session, list(readers), now)
    publish = contract.function_name(catalog.outputs.publish_arn)
    for metric, alarm in readers.items():
        name = "publish" if metric.value == publish else "totals"
        age = ages.get(metric)
        if off := list(_switched_off(client, name, metric.value)):
            yield from off
        elif age is None:
            yield Check(name, State.FINE, "nothing to read in the last 15 minutes")
        else:
            behind = timedelta(milliseconds=age)
            late = age > alarm.threshold
            yield Check(
                name,
                State.WRONG if late else State.FINE,
                f"{behind.total_seconds():,.1f} s behind in the table's stream",
                now - behind if late else None,
                alarm.command if late else "",
            )
    if catalog.outputs.events_queue_url:
        yield from _switched_off(client, "ingest", catalog.outputs.ingest_arn)


def mirror_checks(catalog: "DeployedCatalog", now: datetime) -> Iterator[Check]:
    """Yield checks of the SQL mirror of `catalog`, if there is one.

    Needs the same permissions, and lambda:GetFunctionConfiguration to name the log of the mirror.
    Raises botocore's ClientError or BotoCoreError.
    """
    stacks = catalog.session.client("cloudformation", config=config())
    outputs = deployed_stack.find_beside(stacks, catalog.stack, contract.SQL, SqlOutputs)
    if outputs is None:
        return
    client = catalog.session.client("lambda", config=config())
    if off := list(_switched_off(client, "mirror", outputs.mirror_arn)):
        yield from off
        return
    if outputs.mirror_queue_url is None:
        return
    queue = outputs.mirror_queue_url.rsplit("/", 1)[-1]
    metric = Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue)
    age = timedelta(seconds=alarm_states.newest(catalog.session, [metric], now).get(metric, 0))
    if age > _MIRROR_LATE:
        yield Check(
            "mirror",
            State.WRONG,
            f"a change waits for {age.total_seconds() / 60:,.0f} minutes: its database cannot be "
            "reached, or refuses it",
            now - age,
            _log_command(client, outputs.mirror_arn),
        )
    else:
        yield Check("mirror", State.FINE, "no change waits for long")


def _log_command(client: "LambdaClient", function: str) -> str:
    """Return the command that shows the log of `function`; without permission, where to read."""
    try:
        found = client.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if not refused(error):
            raise
        return f"see {contract.RUNBOOK}"
    return f"aws logs tail {found['LoggingConfig']['LogGroup']} --since 1h"


def _switched_off(client: "LambdaClient", name: str, function: str) -> Iterator[Check]:
    """Yield a check for each event source mapping of `function` that is switched off."""
    pages = client.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    for page in pages:
        for mapping in page["EventSourceMappings"]:
            if mapping.get("State") in _OFF:
                yield Check(
                    name,
                    State.WRONG,
                    f"its event source mapping is {mapping['State']}: it reads nothing",
                    mapping.get("LastModified"),
                    f"aws lambda update-event-source-mapping --uuid {mapping['UUID']} --enabled",
                )
