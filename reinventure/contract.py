"""The contract between the stacks and the command: names of stacks, outputs and resources.

Both sides import this module. A stack writes the record of its outputs (`to_outputs`); the command
reads it back (`from_outputs`). It imports neither boto3 nor the CDK, so that both may import it.

Everything here is deployed. A changed name replaces a resource, or hides an existing deployment
from the command.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import quote, unquote

CATALOG = "Catalog"
"""The stack of the catalog: bucket, table, functions, queues. Outputs: `CatalogOutputs`."""

WORKERS = "Workers"
"""The stack of content inspection. Outputs: `InspectionOutputs`."""

SQL = "Sql"
"""The stack of the SQL mirror. Outputs: `SqlOutputs`."""

GOVERNANCE = "Governance"
"""The stack of AWS Config rules and the trail. Outputs: `GovernanceOutputs`."""

CONFORMANCE_PACK = "ConformancePack"
"""The stack that holds the AWS Config rules alone. It has no outputs."""

PORTFOLIO = "Portfolio"
"""The stack of the Service Catalog portfolio. Outputs: `PortfolioOutputs`."""

DELIVERY = "Delivery"
"""The stack of the pipeline. Outputs: `DeliveryOutputs`."""

DEPENDENT_STACKS = {
    WORKERS: ("workers=true",),
    SQL: ("sql=true",),
    GOVERNANCE: ("trail=create", "trail=objects", "config=create", "config=existing"),
}
"""The stacks that import what Catalog exports, and the settings with any of which each is there."""

DESCRIPTION_PREFIX = "reinventure: "
"""How the description of each of our stacks begins. Others may have a stack named Workers, too."""

CATALOG_STACKS = (CATALOG, WORKERS, SQL)
"""The stacks of one catalog, in the order of deployment. The others exist once per account."""

DATA_API_PARAMETER = "DataApi"
"""Parameter of the stack Sql on the local cloud: the URL of the Data API's stand-in."""

RUNBOOK = "docs/runbook.md"
"""The page with a section for each alarm, in this repository. Descriptions of alarms name it."""

SMOKE_TEST_PREFIX = ".reinventure/smoke/"
"""Keys of the smoke test's objects begin with this. The pipeline may write nowhere else."""

MAX_SHARDS = 256
"""Of the setting `shards`. A listing queries every shard, so each adds a query to every listing."""

_KEPT = "".join(map(chr, range(ord(" "), ord("~") + 1))).replace("%", "")
"""Characters of an output that are not percent-encoded."""

_MAX_STACK_NAME = 40
"""Characters of a stack's name in a queue's name, which has at most 80 (SQS quotas)."""


def bucket_prefix(stack: str) -> str:
    """Return how the names of all buckets of `stack` begin.

    CloudFormation names a resource after its stack; bucket names are in lower case.
    """
    return f"{stack.lower()}-"


def table_prefix(stack: str) -> str:
    """Return how the names of all tables of `stack` begin: CloudFormation names them after it."""
    return f"{stack}-"


def queue_prefix(stack: str) -> str:
    """Return how the names of all queues of `stack` begin: CloudFormation names them after it."""
    return f"{stack}-"


def product_stack(account: str, suffix: str) -> str:
    """Return the name of the stack of a launched product.

    Service Catalog names it `SC-<account>-pp-<id>`; the launch role allows these names only.
    """
    return f"SC-{account}-pp-{suffix}"


def function_name(arn: str) -> str:
    """Return the name of a function, of its ARN or that of an alias."""
    # arn:aws:lambda:region:account:function:name:alias
    return arn.split(":")[6]


def watch_queue_prefix(stack: str) -> str:
    """Return how the names of the queues of `reinventure watch` begin for the catalog `stack`.

    Two stacks whose names share their first 40 characters share the prefix.
    """
    return f"{stack[:_MAX_STACK_NAME]}-watch-"


class OutputError(ValueError):
    """The outputs of a stack do not fit the record: `output` is missing or has a wrong value."""

    def __init__(self, output: str, problem: str) -> None:
        super().__init__(f"output {output} {problem}")
        self.output = output
        """Name of the output, such as `TableName`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogOutputs:
    """Outputs of the stack Catalog, and of a launched product."""

    data_key_arn: str
    """ARN of the customer managed key DATA: bucket, tables, topics, logs."""
    queue_key_arn: str
    """ARN of the customer managed key QUEUE."""
    bucket_name: str | None = None
    """Name of the bucket of its own; without `create` in the setting `buckets` there is none."""
    table_name: str
    """Name of the table of rows."""
    totals_table_name: str
    """Name of the table of totals."""
    totals_depth: int
    """Levels of folders that have totals of their own."""
    totals_window: int = 1
    """Seconds for which changes are gathered before they are counted. Older deployments, which have
    no such output, gather for one."""
    shards: int
    """Partitions of each bucket's rows."""
    failure_queue_url: str
    """URL of the dead-letter queue of ingest. Before 1.0 also that of totals and publish."""
    ingest_arn: str
    """ARN of the alias `live` of the function ingest."""
    changes_topic_arn: str
    """ARN of the change feed's FIFO topic."""
    publish_arn: str
    """ARN of the function that publishes to the change feed."""
    attached_buckets: str | None = None
    """The buckets and prefixes that are attached, as the setting `buckets` names them."""
    event_transport: str | None = None
    """The setting `transport`; older deployments have no such output."""
    kinesis_stream_name: str | None = None
    """Name of the stream of copied writes, with the setting `kinesis` only."""
    alarms_topic_arn: str | None = None
    """ARN of the topic of all alarms. Before 1.0, with the setting `canary` only."""
    totals_failure_queue_url: str | None = None
    """URL of the dead-letter queue of totals."""
    publish_failure_queue_url: str | None = None
    """URL of the dead-letter queue of publish."""
    ingest_role_id: str | None = None
    """Unique id (`AROA...`) of the role of ingest, as SQS names the sender of a message."""
    totals_role_id: str | None = None
    """Unique id of the role of totals."""
    publish_role_id: str | None = None
    """Unique id of the role of publish."""
    reconcile_machine_arn: str | None = None
    """ARN of the state machine that compares buckets and catalog, if there is one."""
    events_queue_url: str | None = None
    """URL of the queue that ingest receives events from, with the transports `sqs` and `sns`."""
    catalog_reader_arns: str | None = None
    """ARNs of the managed policies that together allow to query, most often one; comma-separated.
    Older deployments have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionOutputs:
    """Outputs of the stack Workers."""

    inspection_failure_queue_url: str
    """URL of the dead-letter queue of small objects. Before 1.0 also that of large objects."""
    examine_queue_url: str
    """URL of the small-object queue."""
    worker_queue_url: str
    """URL of the large-object queue."""
    inspect_max_mib: int
    """Size in MiB of the largest object of the small-object queue."""
    worker_task_arn: str
    """ARN of the workers' task definition."""
    worker_group_name: str | None = None
    """Name of the Auto Scaling group of the workers' instances; the local cloud has none."""
    worker_failure_queue_url: str | None = None
    """URL of the dead-letter queue of large objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlOutputs:
    """Outputs of the stack Sql."""

    cluster_arn: str
    """ARN of the Aurora cluster."""
    reader_secret_arn: str
    """ARN of the secret of the database user that may only read."""
    mirror_arn: str
    """ARN of the function that writes the mirror."""
    mirror_failure_queue_url: str
    """URL of the mirror's dead-letter queue."""
    data_api_url: str | None = None
    """URL of the Data API, on the local cloud only."""
    owner_secret_arn: str | None = None
    """ARN of the owner's secret, on the local cloud only: in AWS, RDS manages it."""
    mirror_queue_url: str | None = None
    """URL of the queue that the mirror receives changes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernanceOutputs:
    """Outputs of the stack Governance."""

    notices_topic_arn: str
    """ARN of the topic of notices."""
    trail_bucket_name: str | None = None
    """Name of the bucket of the trail, with the setting `trail` only."""
    controls_without_rule: str | None = None
    """The controls whose AWS Config rule the region lacks, or `none`. With the setting `config`
    only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioOutputs:
    """Outputs of the stack Portfolio."""

    portfolio_id: str
    """Id of the portfolio."""
    product_id: str
    """Id of its product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutputs:
    """Outputs of the stack Delivery."""

    pipeline_name: str
    """Name of the pipeline."""
    pipeline_alarms_topic_arn: str | None = None
    """ARN of the topic of the alarm on failed executions."""


Outputs = (
    CatalogOutputs
    | InspectionOutputs
    | SqlOutputs
    | GovernanceOutputs
    | PortfolioOutputs
    | DeliveryOutputs
)
"""The record of any stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQueue:
    """A deployed dead-letter queue, and the senders of its messages.

    `function` is the name of the function whose failures are in it, or `worker`.
    """

    function: str
    url: str
    role_id: str | None = None
    """Unique id of the function's role, if the role may send to the queue."""
    source_url: str | None = None
    """URL of the queue from which SQS moves failed messages to this one."""


def dead_letter_queues(
    outputs: CatalogOutputs | InspectionOutputs | SqlOutputs,
) -> list[DeadLetterQueue]:
    """Return the dead-letter queues of the stack with these `outputs`."""
    match outputs:
        case CatalogOutputs():
            queues = [
                DeadLetterQueue(
                    function="ingest",
                    url=outputs.failure_queue_url,
                    role_id=outputs.ingest_role_id,
                    source_url=outputs.events_queue_url,
                )
            ]
            for function, url, role_id in (
                ("totals", outputs.totals_failure_queue_url, outputs.totals_role_id),
                ("publish", outputs.publish_failure_queue_url, outputs.publish_role_id),
            ):
                if url:
                    queues.append(DeadLetterQueue(function=function, url=url, role_id=role_id))
            return queues
        case InspectionOutputs():
            queues = [
                DeadLetterQueue(
                    function="inspect",
                    url=outputs.inspection_failure_queue_url,
                    source_url=outputs.examine_queue_url,
                )
            ]
            if url := outputs.worker_failure_queue_url:
                queues.append(
                    DeadLetterQueue(function="worker", url=url, source_url=outputs.worker_queue_url)
                )
            return queues
        case SqlOutputs():
            return [
                DeadLetterQueue(
                    function="mirror",
                    url=outputs.mirror_failure_queue_url,
                    source_url=outputs.mirror_queue_url,
                )
            ]


_T = TypeVar("_T", bound=Outputs)


def output_name(field: str) -> str:
    """Return the name of the output of `field`: `bucket_name` is deployed as `BucketName`."""
    return "".join(word.capitalize() for word in field.split("_"))


def to_outputs(record: Outputs) -> dict[str, str]:
    """Return the outputs of `record` as text, by name, in the order of its fields.

    A field that is None has no output. What is not ASCII, and `%`, is percent-encoded:
    CloudFormation returns a question mark for it (its public coverage roadmap, #814).
    """
    values = ((field.name, getattr(record, field.name)) for field in fields(record))
    return {
        output_name(name): quote(str(value), safe=_KEPT)
        for name, value in values
        if value is not None
    }


def from_outputs(kind: type[_T], outputs: Mapping[str, str]) -> _T:
    """Return the record `kind` of a stack with these `outputs`; others are ignored.

    Raises OutputError for the first output that is missing, or that is not a whole number where
    the field is one.
    """
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        name = output_name(field.name)
        if name not in outputs:
            if field.default is MISSING:
                raise OutputError(name, "is missing")
            continue
        values[field.name] = _parsed(name, types[field.name], outputs[name])
    return kind(**values)


def decoded(output: str) -> str:
    """Return the text of an output that `to_outputs` has written."""
    return unquote(output)


def _parsed(name: str, kind: object, value: str) -> str | int:
    if kind is int or int in get_args(kind):
        try:
            return int(value)
        except ValueError:
            raise OutputError(name, f"is {value!r}, not a whole number") from None
    return decoded(value)
