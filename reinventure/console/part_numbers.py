"""The numbers of each part: calls of functions, depths of queues, objects and rows by the totals.

What AWS, or the emulator in its place, does not measure is said to be missing, not made up.
"""

from dataclasses import dataclass
from functools import cached_property

from rich import filesize

from reinventure import contract
from reinventure.aws import deployed_stack
from reinventure.aws.connection import config
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.queue_depth import depth
from reinventure.console.change_delays import Delays
from reinventure.console.function_calls import WINDOW, CallReader, Calls
from reinventure.console.system_map import EVENTS_QUEUE, bucket_ids
from reinventure.console.write_delays import LoggedWrites
from reinventure.contract import InspectionOutputs, SqlOutputs
from s3_catalog.model.timestamps import utc_now

_FUNCTION = "AWS::Lambda::Function"
_MILLION = 1_000_000
_SECOND = 1000
"""In milliseconds."""


@dataclass(frozen=True, slots=True)
class PartNumbers:
    """Three lines of numbers of a part, and one about its dead-letter queue.

    `failing`: calls failed in the last minutes, or failures are waiting. `waiting` is the number of
    messages in the dead-letter queue.
    """

    first: str = ""
    second: str = ""
    third: str = ""
    failures: str = ""
    waiting: int = 0
    failing: bool = False


class PartReader:
    """Reads the numbers of the parts of `catalog` and its optional stacks.

    `writes` has the delays from S3 to the row, None where they are not read.
    """

    def __init__(
        self,
        catalog: DeployedCatalog,
        inspection: InspectionOutputs | None,
        mirror: SqlOutputs | None,
        delays: Delays,
        calls: CallReader,
        *,
        writes: LoggedWrites | None = None,
    ) -> None:
        self._catalog, self._inspection, self._mirror = catalog, inspection, mirror
        self._delays, self._calls, self._writes = delays, calls, writes
        self._sqs = catalog.session.client("sqs", config=config())
        records = [record for record in (catalog.outputs, inspection, mirror) if record]
        self._queues = [
            queue for record in records for queue in contract.dead_letter_queues(record)
        ]

    def read(self) -> dict[str, PartNumbers]:
        """Return the numbers of each part, by its id. Raises botocore's ClientError and others."""
        calls = self._calls.read(self._functions, utc_now())
        waiting = {queue.function: depth(self._sqs, queue.url) for queue in self._queues}
        lag = self._lag()
        found = {
            name: _of_function(
                calls.get(name), waiting.get(name), lag if name == "totals" else None
            )
            for name in ("ingest", "totals", "publish")
        }
        found |= self._of_buckets()
        found["feed"] = self._of_feed()
        found |= self._of_transport()
        if self._inspection:
            small, large = self._inspection.examine_queue_url, self._inspection.worker_queue_url
            found["inspect"] = _of_consumer(
                calls.get("inspect"), depth(self._sqs, small), waiting["inspect"]
            )
            found["worker"] = _of_consumer(None, depth(self._sqs, large), waiting.get("worker"))
        if self._mirror:
            url = self._mirror.mirror_queue_url
            waits = depth(self._sqs, url) if url else None
            found["mirror"] = _of_consumer(calls.get("mirror"), waits, waiting["mirror"])
        return found

    @cached_property
    def _functions(self) -> dict[str, str]:
        """Return the names of the functions. Two are in no output: they are found by logical id."""
        outputs = self._catalog.outputs
        names = {
            "ingest": contract.function_name(outputs.ingest_arn),
            "publish": contract.function_name(outputs.publish_arn),
        }
        if self._mirror:
            names["mirror"] = contract.function_name(self._mirror.mirror_arn)
        names |= self._found("totals", self._catalog.stack, "TotalsFunction")
        if self._inspection:
            names |= self._found("inspect", contract.WORKERS, "ExamineFunction")
        return names

    def _found(self, part: str, stack: str, beginning: str) -> dict[str, str]:
        client = self._catalog.session.client("cloudformation", config=config())
        found = deployed_stack.resources(client, stack, _FUNCTION)
        names = [name for logical, name in found if logical.startswith(beginning)]
        return {part: names[0]} if names else {}

    def _of_buckets(self) -> dict[str, PartNumbers]:
        """Return the numbers of the buckets and of the table, which has the rows of all."""
        totals, found, rows = self._catalog.totals(), dict[str, PartNumbers](), 0
        ids = bucket_ids(self._catalog.scope, self._catalog.outputs.bucket_name)
        for bucket in self._catalog.scope.buckets:
            total = totals.total(bucket, "")
            rows += total.objects
            if bucket in ids:
                found[ids[bucket]] = PartNumbers(
                    f"{_many(total.objects)} objects", filesize.decimal(total.bytes)
                )
        found["table"] = PartNumbers(f"{_many(rows)} rows", *self._from_put())
        return found

    def _from_put(self) -> tuple[str, str]:
        """Return how long it took from puts to their rows, as two lines; empty if none came."""
        if self._writes is None:
            return "", ""
        delays = self._writes.last(self._functions["ingest"], utc_now())
        if not delays.count:
            return "", ""
        return f"put→row {_milliseconds(delays.median)}", f"p99 {_milliseconds(delays.slowest)}"

    def _lag(self) -> float | None:
        """Return how long the newest event took until it was counted, in milliseconds."""
        totals = self._catalog.totals()
        newest = map(totals.newest_event, self._catalog.scope.buckets)
        lags = [event for event in newest if event]
        return max(lags).lag.total_seconds() * _SECOND if lags else None

    def _of_feed(self) -> PartNumbers:
        delays = self._delays.last(WINDOW, utc_now())
        if not delays.count:
            return PartNumbers(_QUIET)
        return PartNumbers(
            f"{_many(delays.count)} changes",
            f"p50 {_milliseconds(delays.median)}",
            f"p99 {_milliseconds(delays.slowest)}",
        )

    def _of_transport(self) -> dict[str, PartNumbers]:
        url = self._catalog.outputs.events_queue_url
        return {EVENTS_QUEUE: PartNumbers(f"{depth(self._sqs, url):,} in queue")} if url else {}


def _of_function(calls: Calls | None, waiting: int | None, lag: float | None) -> PartNumbers:
    second, third = "", ""
    age = calls.age if calls and calls.age is not None else lag
    if calls and (calls.count or calls.age is not None):
        second, third = f"p50 {_milliseconds(calls.median)}", f"p99 {_milliseconds(calls.slowest)}"
        if age is not None:
            second, third = third, f"{_milliseconds(age)} behind"
    return PartNumbers(
        _calls(calls),
        second,
        third,
        _failures(waiting),
        waiting or 0,
        bool((calls and calls.failed) or waiting),
    )


def _of_consumer(calls: Calls | None, depth: int | None, waiting: int | None) -> PartNumbers:
    """Return the numbers of a part that receives from a queue, in which `depth` messages are."""
    return PartNumbers(
        "queue unknown" if depth is None else f"{_many(depth)} in queue",
        _calls(calls) if calls else "",
        f"p99 {_milliseconds(calls.slowest)}" if calls and calls.count else "",
        _failures(waiting),
        waiting or 0,
        bool((calls and calls.failed) or waiting),
    )


_QUIET = "quiet for 5 min"


def _calls(calls: Calls | None) -> str:
    if calls is None:
        return "calls unknown"
    if calls.failed:
        return f"{_many(calls.failed)} of {_many(calls.count)} failed"
    return f"{_many(calls.count)} calls" if calls.count else _QUIET


def _failures(waiting: int | None) -> str:
    return "none deployed" if waiting is None else f"{_many(waiting)} failed"


def _many(number: int) -> str:
    """Return `number` in at most seven characters."""
    return f"{number:,}" if number < _MILLION else f"{number / _MILLION:,.1f}M"


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.0f} ms" if value < _SECOND else f"{value / _SECOND:.1f} s"
