"""Which metrics of CloudWatch count what is paid for, by the type of a resource.

Names and dimensions are those of the services' own guides: Lambda ("Types of metrics"), DynamoDB
("Metrics and dimensions"), SNS and SQS ("Available CloudWatch metrics"), EventBridge ("Monitoring")
and CloudWatch Logs ("Usage metrics"). What is missing here has no such metric: requests to KMS are
counted for the whole account, requests to S3 only where a bucket's request metrics are on, and then
with those of everyone else; transitions, traces and alarms are not counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reinventure.cost import prices, units
from reinventure.cost.prices import Price

_GB = 1_000_000_000
_MIB_MILLISECONDS = 1024 * 1000
"""In a GB-second."""

FUNCTION = "AWS::Lambda::Function"
TABLE = "AWS::DynamoDB::Table"
TOPIC = "AWS::SNS::Topic"
QUEUE = "AWS::SQS::Queue"
RULE = "AWS::Events::Rule"
LOG_GROUP = "AWS::Logs::LogGroup"
DASHBOARD = "AWS::CloudWatch::Dashboard"
"""It has no meter: an account pays for it by the month."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack: its CloudFormation type, its logical and its physical id.

    `memory` is that of a function, in MiB. `counts_events`: a rule matches events of S3, which are
    paid for, and not a schedule.
    """

    type: str
    logical_id: str
    physical_id: str
    memory: int = 0
    counts_events: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch with one dimension. Its sum is what is counted."""

    namespace: str
    name: str
    dimension: str
    value: str


@dataclass(frozen=True, slots=True)
class Meter:
    """Each 1 of the sum of `metric` is `each` units of `price`, used for `reason`.

    `by_change` is that of a line of usage.
    """

    metric: Metric
    price: Price
    reason: str
    each: float = 1
    by_change: bool = True


def meters(resources: Iterable[Resource]) -> Iterator[Meter]:
    """Yield the meters of each of `resources`; none of a type that has none."""
    for resource in resources:
        of_type = _OF_TYPE.get(resource.type)
        if of_type:
            yield from of_type(resource)


def _of_function(resource: Resource) -> Iterator[Meter]:
    name = resource.physical_id
    yield Meter(
        Metric("AWS/Lambda", "Invocations", "FunctionName", name),
        prices.INVOCATION,
        _short(resource, "Function"),
    )
    yield Meter(
        Metric("AWS/Lambda", "Duration", "FunctionName", name),
        prices.LAMBDA_TIME,
        _short(resource, "Function"),
        resource.memory / _MIB_MILLISECONDS,
    )


def _of_table(resource: Resource) -> Iterator[Meter]:
    for metric, price in (
        ("ConsumedWriteCapacityUnits", prices.WRITE_UNIT),
        ("ConsumedReadCapacityUnits", prices.READ_UNIT),
    ):
        name = resource.physical_id
        yield Meter(
            Metric("AWS/DynamoDB", metric, "TableName", name), price, _short(resource, "Table")
        )


def _of_topic(resource: Resource) -> Iterator[Meter]:
    name = resource.physical_id.split(":")[-1]
    published = Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", name)
    if not name.endswith(".fifo"):
        yield Meter(published, prices.TOPIC_REQUEST, _short(resource, "Topic"))
        return
    size = units.MESSAGE_BYTES / _GB
    delivered = Metric("AWS/SNS", "NumberOfNotificationsDelivered", "TopicName", name)
    yield Meter(published, prices.FIFO_MESSAGE, "change feed")
    yield Meter(published, prices.FIFO_MESSAGE_DATA, "change feed, 1.2 kB a message", size)
    yield Meter(delivered, prices.FIFO_DELIVERY, "subscriptions")
    yield Meter(delivered, prices.FIFO_DELIVERY_DATA, "subscriptions, 1.2 kB a message", size)


def _of_queue(resource: Resource) -> Iterator[Meter]:
    name, short = resource.physical_id.rsplit("/", 1)[-1], _short(resource, "Queue")

    def metric(of: str) -> Metric:
        return Metric("AWS/SQS", of, "QueueName", name)

    yield Meter(metric("NumberOfMessagesSent"), prices.QUEUE_REQUEST, f"{short}, sent")
    # Ten messages a request, at most. Metrics count the messages.
    received = f"{short}, received and deleted, at most"
    yield Meter(metric("NumberOfMessagesReceived"), prices.QUEUE_REQUEST, received, 2)
    empty = f"{short}, empty polls"
    yield Meter(metric("NumberOfEmptyReceives"), prices.QUEUE_REQUEST, empty, by_change=False)


def _of_rule(resource: Resource) -> Iterator[Meter]:
    if resource.counts_events:
        metric = Metric("AWS/Events", "TriggeredRules", "RuleName", resource.physical_id)
        yield Meter(metric, prices.BUS_EVENT, "events that matched a rule")


def _of_log_group(resource: Resource) -> Iterator[Meter]:
    metric = Metric("AWS/Logs", "IncomingBytes", "LogGroupName", resource.physical_id)
    yield Meter(metric, prices.LOG_DATA, "logs", 1 / _GB)
    yield Meter(metric, prices.LOG_STORAGE, "logs of a month", 1 / _GB)


_OF_TYPE = {
    FUNCTION: _of_function,
    TABLE: _of_table,
    TOPIC: _of_topic,
    QUEUE: _of_queue,
    RULE: _of_rule,
    LOG_GROUP: _of_log_group,
}


def _short(resource: Resource, kind: str) -> str:
    """Return the logical id without the CDK's hash, and without the `kind` of resource at its end.

    Such as Ingest of IngestFunction9D2AB0D2. The id is the construct's path, which people know
    from the console of CloudFormation.
    """
    name = resource.logical_id
    if len(name) > _HASH and all(digit in "0123456789ABCDEF" for digit in name[-_HASH:]):
        name = name[:-_HASH]
    return name.removesuffix(kind) or name


_HASH = 8
"""Characters of the hash at the end of an id that the CDK makes."""
