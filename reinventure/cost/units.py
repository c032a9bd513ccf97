"""What the code uses, in AWS's units: for a change, for a batch, for a month.

A figure that is counted is compared with the code or the templates by a test (tests/unit/cost and
tests/stacks/test_cost.py). One that is assumed cannot be shown without an account.
"""

from reinventure.cost.workload import Option, Rate

STREAM_SHARDS = 4
"""Assumed: shards of the table's stream, which has one for each partition of the table."""
QUEUE_POLLERS = 5
"""Pollers of a queue by Lambda, before it adds more under load (Lambda Developer Guide)."""

PUBLISH_WINDOW = 1
"""Counted: seconds for which Lambda gathers records of a shard for `publish`."""
TOTALS_WINDOW = 60
"""Counted: the same for `totals`, the setting `totals_window`."""
TOTALS_BATCH = 1000
"""Counted: records in an invocation of `totals`, at most."""
PUBLISH_BATCH = 100
"""Counted: records in an invocation of `publish`, at most."""
QUEUE_BATCH = 100
"""Counted: messages of a queue in an invocation of `ingest` or `mirror`, at most."""
INSPECT_BATCH = 5
"""Counted: messages in an invocation of `inspect`, at most."""

TOTALS_UNITS = 10
"""Counted: write units of a transaction of `totals` for a folder that is three levels deep. It
writes the checkpoint, the bucket's total and three folders, each at twice the price."""

ROW_BYTES = 300
"""Counted: a row with a key of 40 characters."""
ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to an item of its storage (Developer Guide, "Item sizes")."""
TOTALS_BYTES = 10
"""Assumed: bytes of totals for each object, with a hundred objects in a folder."""
MESSAGE_BYTES = 1_200
"""Counted: a message of the change feed with its attributes."""
LOG_BYTES = 240
"""Counted: the line of an invocation, with what Lambda adds."""

MEMORY_GB = 0.25
"""Counted: the memory of `ingest`, `totals`, `publish` and `mirror`."""
PROCESSOR_GB = 1769 / 1024
"""A function with this memory has a whole processor, others a part in proportion (Lambda Developer
Guide, "Configure Lambda function memory")."""
SLOWER = 1.5
"""Assumed: CPU of Lambda's arm64 processors for 1 of the machine of `make bench`."""


def billed(cpu: float, wait: float, memory: float = MEMORY_GB) -> float:
    """Return the billed seconds of what takes `cpu` seconds of that machine, and waits for AWS."""
    return cpu * SLOWER * PROCESSOR_GB / memory + wait


_RUNTIME_CPU = 0.000_2
"""Assumed: of Lambda's runtime, in each invocation."""

INGEST_SECONDS = billed(0.000_3 + _RUNTIME_CPU, 0.006)
"""CPU measured: `a change, direct` (docs/performance.md). Assumed: DynamoDB, for which AWS says
single-digit milliseconds, answers in 6."""
PUBLISH_SECONDS = billed(0.001_5 + _RUNTIME_CPU, 0.020)
"""CPU measured: `make bench ONLY=put`, a change that `publish` gets alone: 1.2 to 1.8 ms. Assumed:
SNS answers in 20 ms."""
TOTALS_SECONDS = billed(0.001 + _RUNTIME_CPU, 0.020)
"""Assumed: a transaction of five writes and what it takes to make it."""
INVOCATION_SECONDS = 0.05
"""Assumed: billed time of an invocation of all other functions, besides that of its changes."""
CHANGE_SECONDS = 0.001
"""Billed time of each change of a batch. CPU measured: 0.05 ms in a batch of 100 of `ingest`, which
takes half of it; assumed: as much for the wait, and for the other functions."""
LOOKUP_SECONDS = 0.05
"""Assumed: billed time of an event that needs a lookup, besides: S3, and a read of the row."""
INSPECT_GB = 1769 / 1024
"""Counted: the memory of `inspect`."""
INSPECT_SECONDS = 0.1
"""Assumed: billed time of an inspection of a small object, besides that of its invocation."""
INSPECT_REQUESTS = 2
"""Assumed: GET requests of an inspection; small objects take one to three."""

POLLS = QUEUE_POLLERS * 3 * 60 * 24 * 30
"""Requests a month for an empty queue: each poll waits 20 seconds."""
SAMPLED = 0.05
"""The share of the invocations that Lambda traces, besides one a second of each function."""
CACHE_SECONDS = 300
"""For so long DynamoDB, SQS and SNS use a data key before they ask KMS again."""
WINDOW_SECONDS = 900
"""Counted: the tumbling window of `totals`, which ends with an invocation without records."""

KEYS = {None: 2, Option.GOVERNANCE: 1, Option.DELIVERY: 1}
"""Counted: customer managed keys, of every catalog and of the options."""
ALARM_METRICS = {
    None: 10,
    Option.ATTACHED: 6,
    Option.NIGHTLY: 5,
    Option.SQL: 1,
    Option.WORKERS: 7,
    Option.DELIVERY: 1,
}
"""Counted, with `canary`: metrics of alarms. Two of Workers' are by ECS, not by the template."""

RECONCILE_GB = 1.0
"""Counted: the memory of the comparison."""
RECONCILE_SECONDS = 0.0005
"""Assumed: billed time for an object that is compared."""
RANGES = 100
"""Counted: ranges of a comparison, at most."""
TRANSITIONS = 4
"""Assumed: transitions of a range: start, work, choice, result."""

ACU = {Rate.TRICKLE: 0.5, Rate.STEADY: 1, Rate.BURST: 4}
"""Assumed: Aurora capacity units while changes come. The least that runs is 0.5."""
MIRROR_IO = 4
"""Assumed: I/O requests of Aurora for a row."""
MIRROR_BYTES = 500
"""Assumed: bytes of a row in Aurora, with its indexes."""


def totals_batch(rate: Rate) -> int:
    """Return the records in a batch of `totals`."""
    return _stream_batch(rate, TOTALS_BATCH, TOTALS_WINDOW)


def publish_batch(rate: Rate) -> int:
    """Return the records in a batch of `publish`."""
    return _stream_batch(rate, PUBLISH_BATCH, PUBLISH_WINDOW)


def _stream_batch(rate: Rate, limit: int, window: int) -> int:
    return min(limit, max(1, rate.per_second * window // STREAM_SHARDS))


def queue_batch(rate: Rate, limit: int = QUEUE_BATCH) -> int:
    """Return the messages in a batch of a queue."""
    return min(limit, max(1, rate.per_second // QUEUE_POLLERS))
