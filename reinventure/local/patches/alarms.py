"""Patch of the emulator's CloudWatch: what the alarms of a catalog watch, and their states."""

import importlib
import operator
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
"""Comparison operators of alarms, of a value and the threshold."""

_ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
"""Metrics of Step Functions, by the status of an execution that has ended."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value of a metric of one dimension, now."""

    namespace: str
    name: str
    dimension: tuple[str, str]
    value: float


@patch("1.5.33")
def alarms_are_measured() -> None:
    """Measure queues, readers of streams and executions whenever metrics or alarms are read.

    MiniStack has no such metrics. Its alarms compare all metrics of a name, whatever their
    dimensions are. Here the newest measurement decides the state of an alarm at once: AWS waits for
    periods to end.
    """
    cloudwatch: Any = importlib.import_module("ministack.services.cloudwatch")
    counted: set[str] = set()

    def measure() -> None:
        for each in (*_of_queues(), *_of_readers(), *_of_executions(counted)):
            dimensions = dict([each.dimension])
            cloudwatch.record_metric(each.namespace, each.name, each.value, dimensions=dimensions)
        cloudwatch._evaluate_all_alarms()

    def evaluate(alarm: dict[str, Any]) -> None:
        dimensions = cloudwatch._dims_key(
            {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
        )
        key = alarm.get("Namespace"), alarm.get("MetricName"), dimensions
        points = cloudwatch._metrics.get(key)
        breaches = _BREACHES.get(alarm.get("ComparisonOperator", ""))
        if not points or not breaches:
            return
        value = max(points, key=lambda each: each["Timestamp"])["Value"]
        before = alarm["StateValue"]
        state = "ALARM" if breaches(value, alarm["Threshold"]) else "OK"
        if state == before:
            return
        reason = f"the newest measurement is {value}"
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
        cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    def measured(reply: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(reply)
        def measure_and_reply(*arguments: Any, **named: Any) -> Any:
            measure()
            return reply(*arguments, **named)

        return measure_and_reply

    cloudwatch._evaluate_alarm = evaluate
    for name in ("_describe_alarms", "_get_metric_data", "_get_metric_statistics"):
        setattr(cloudwatch, name, measured(getattr(cloudwatch, name)))


def _of_queues() -> Iterator[Measurement]:
    sqs: Any = importlib.import_module("ministack.services.sqs")
    now = time.time()
    for url, queue in list(sqs._queues.items()):
        messages, name = list(queue["messages"]), ("QueueName", url.rsplit("/", 1)[-1])
        visible = sum(each["visible_at"] <= now for each in messages)
        yield Measurement("AWS/SQS", "ApproximateNumberOfMessagesVisible", name, visible)
        oldest = min((each["sent_at"] for each in messages), default=now)
        yield Measurement("AWS/SQS", "ApproximateAgeOfOldestMessage", name, now - oldest)


def _of_readers() -> Iterator[Measurement]:
    """Yield the age of the oldest record that each reader of a table's stream has not read."""
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    now = time.time()
    for uuid, mapping in list(functions._esms.items()):
        position = functions._dynamodb_stream_positions.get(uuid)
        if position is None:
            continue
        table = mapping["EventSourceArn"].split("/")[1]
        waiting = dynamodb.stream_records_since(table, position, 1)
        ages = [now - each["dynamodb"]["ApproximateCreationDateTime"] for each in waiting]
        name = mapping["FunctionArn"].split(":")[6]
        age = 1000 * max(ages, default=0)
        yield Measurement("AWS/Lambda", "IteratorAge", ("FunctionName", name), age)


def _of_executions(counted: set[str]) -> Iterator[Measurement]:
    """Yield how each execution ended that is not `counted` yet, and that it did not otherwise."""
    states: Any = importlib.import_module("ministack.services.stepfunctions")
    for arn, execution in list(states._executions.items()):
        if arn in counted or execution["status"] not in _ENDS:
            continue
        counted.add(arn)
        machine = ("StateMachineArn", execution["stateMachineArn"])
        for status, name in _ENDS.items():
            ended = float(status == execution["status"])
            yield Measurement("AWS/States", name, machine, ended)
