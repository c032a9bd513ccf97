"""The price of a month, against sums made by hand from AWS's price list.

The prices are written here once more, so that a slip in the price file shows.
"""

import subprocess
import sys

import pytest

from reinventure.cost.usage import after_rows, free, rotations, usage
from reinventure.cost.workload import Option, Rate, Workload

MILLION = 1_000_000

# Dollars for a million, us-east-1, November 2026.
WRITE, READ, INVOCATION, TRACE, FIFO, LIST = 0.625, 0.125, 0.20, 5.00, 0.30, 5.00
GB_SECOND = 0.0000133334


def workload(
    *options: Option,
    changes: int = MILLION,
    objects: int = 0,
    rate: Rate = Rate.TRICKLE,
    overwrites: float = 0.0,
) -> Workload:
    return Workload(changes, objects, rate, overwrites, frozenset(options))


def dollars(work: Workload, service: str = "", reason: str = "", unit: str = "") -> float:
    """The dollars of the lines of `service`, for `reason`, in `unit`, as far as these are given."""
    return sum(
        line.dollars
        for line in usage(work)
        if service in {"", line.price.service}
        and reason in {"", line.reason}
        and unit in {"", line.price.unit}
    )


def by_change(work: Workload) -> float:
    return sum(line.dollars for line in usage(work) if line.by_change)


def test_a_million_single_changes() -> None:
    work = workload()
    assert dollars(work, "DynamoDB", "rows") == pytest.approx(WRITE)
    # Checkpoint, bucket and three folders, twice each, for the 15 changes of a shard in a minute.
    assert dollars(work, "DynamoDB", "totals") == pytest.approx(10 / 15 * WRITE)
    # Two functions, and `totals` once a minute for each of four shards; each ends a tumbling window
    # of 15 minutes 1,112 times.
    requests = 2 + 1 / 15 + 0.004448
    assert dollars(work, "Lambda", unit="request") == pytest.approx(requests * INVOCATION)
    # CPU at a seventh of a processor that takes half as much again, and the wait; 1 ms a change.
    slow = 1.5 * 1769 / 256
    ingest, publish, totals = 0.5 * slow + 6, 1.7 * slow + 20, 1.2 * slow + 20
    seconds = (ingest + publish) * 1_000 + totals * (1_000 / 15 + 4.448) + 3 * 1_000
    assert dollars(work, "Lambda", unit="GB-second, arm64") == pytest.approx(
        seconds * 0.25 * GB_SECOND
    )
    assert dollars(work, "SNS") == pytest.approx(FIFO + 1.2 * 0.017)
    # 240 bytes a line.
    assert dollars(work, "CloudWatch", "a line for each invocation") == pytest.approx(
        requests * 0.240 * 0.50
    )
    # A million seconds are 3,334 times five minutes, five users.
    assert dollars(work, "KMS", "data keys, kept for five minutes") == pytest.approx(0.05001)
    assert by_change(work) == pytest.approx(2.27, abs=0.005)


def test_a_million_changes_in_bursts() -> None:
    work = workload(rate=Rate.BURST)
    # 1,000 transactions of a thousand changes.
    assert dollars(work, "DynamoDB", "totals") == pytest.approx(0.01 * WRITE)
    # Directly, `ingest` is invoked for each event. 2,500 s are three windows of four shards.
    assert dollars(work, "Lambda", unit="request") == pytest.approx(1.011012 * INVOCATION)
    # Nine times five minutes, five users.
    assert dollars(work, "KMS", "data keys, kept for five minutes") == pytest.approx(45 * 3e-6)
    assert by_change(work) == pytest.approx(1.33, abs=0.005)


def test_traces_are_an_option() -> None:
    assert dollars(workload(), "X-Ray") == 0
    # All are first of their second.
    single = workload(Option.TRACING)
    assert dollars(single, "X-Ray") == pytest.approx((2 + 1 / 15 + 0.004448) * TRACE)
    # In 2,500 seconds 2,500 each, and a twentieth of the others. `totals` has 1,012.
    ingest = 2_500 + 0.05 * 997_500
    publish = 2_500 + 0.05 * 7_500
    bursts = workload(Option.TRACING, rate=Rate.BURST)
    traced = (ingest + publish + 1_012) / MILLION
    assert dollars(bursts, "X-Ray") == pytest.approx(traced * TRACE)
    # The check of each hour.
    idle = workload(Option.TRACING, Option.ATTACHED, changes=0)
    assert dollars(idle, "X-Ray") == pytest.approx(720 / MILLION * TRACE)


def test_forty_changes_a_second_are_ten_in_a_batch_and_600_in_one_of_totals() -> None:
    work = workload(rate=Rate.STEADY)
    assert dollars(work, "DynamoDB", "totals") == pytest.approx(10 / 600 * WRITE)
    assert dollars(work, "Lambda", "publish", "request") == pytest.approx(0.1 * INVOCATION)


def test_an_overwritten_version_costs_a_lookup_when_it_expires() -> None:
    work = workload(overwrites=0.2)
    lookup = dollars(work, reason="lookups of versions that expire")
    assert lookup == pytest.approx(0.2 * (WRITE + READ + LIST))
    assert dollars(work, "Lambda", "ingest", "request") == pytest.approx(1.2 * INVOCATION)
    # Each is a record of the stream as well, but changes neither totals nor feed.
    assert dollars(work, "Lambda", "publish", "request") == pytest.approx(1.2 * INVOCATION)
    assert dollars(work, "DynamoDB", "totals") == pytest.approx(10 / 15 * WRITE)
    assert dollars(work, "SNS", unit="FIFO message") == pytest.approx(FIFO)
    # 50 ms more for each.
    without = dollars(workload(), "Lambda", "ingest", "GB-second, arm64")
    longer = dollars(work, "Lambda", "ingest", "GB-second, arm64") - 1.2 * without
    assert longer == pytest.approx(200_000 * 0.05 * 0.25 * GB_SECOND)


def test_an_attached_bucket_has_no_lifecycle_rules_of_ours_and_pays_for_its_events() -> None:
    work = workload(Option.ATTACHED, overwrites=0.2)
    assert dollars(work, "S3") == 0
    assert dollars(work, "EventBridge") == pytest.approx(1.00)


@pytest.mark.parametrize(
    ("rate", "refused", "deliveries"),
    [(Rate.TRICKLE, 0, 1_200_000), (Rate.STEADY, 0.2, 150_000), (Rate.BURST, 0.2, 15_000)],
)
@pytest.mark.parametrize("transport", [Option.SQS, Option.SNS])
def test_a_queue_saves_invocations_and_pays_refused_statements(
    transport: Option, rate: Rate, refused: float, deliveries: float
) -> None:
    work = workload(transport, rate=rate, overwrites=0.2)
    reason = "refused statements of the rarer changes"
    assert dollars(work, "DynamoDB", reason) == pytest.approx(refused * WRITE)
    invoked = dollars(work, "Lambda", "ingest", "request")
    assert invoked == pytest.approx(deliveries / MILLION * INVOCATION)


@pytest.mark.parametrize(
    ("overwrites", "refused"),
    # Those of 0, 0.2, 0.8 and 1 are counted in test_row_units.py.
    [(0, 0), (0.2, 0.2), (0.5, 0.5), (0.8, 0.2), (1, 0)],
)
def test_the_rarer_of_new_and_overwritten_objects_pay_a_refused_statement(
    overwrites: float, refused: float
) -> None:
    work = workload(Option.SQS, rate=Rate.BURST, overwrites=overwrites)
    reason = "refused statements of the rarer changes"
    assert dollars(work, "DynamoDB", reason) == pytest.approx(refused * WRITE)


@pytest.mark.parametrize(
    # A request to send each, and two for ten, for eight of eight, and for one.
    ("rate", "requests"),
    [(Rate.TRICKLE, 3), (Rate.STEADY, 1.25), (Rate.BURST, 1.2)],
)
def test_messages_of_a_queue_are_received_ten_at_a_time(rate: Rate, requests: float) -> None:
    work = workload(Option.SQS, rate=rate)
    assert dollars(work, "SQS", "events") == pytest.approx(requests * 0.40)


@pytest.mark.parametrize(
    ("transport", "service", "expected"),
    [
        # A million events, and those of 200,000 versions that expire.
        (Option.SNS, "SNS", 1.2 * 0.50 + FIFO + 1.2 * 0.017),
        (Option.SNS, "SQS", 3 * 1.2 * 0.40 + 0.648 * 0.40),
        (Option.EVENTBRIDGE, "EventBridge", 1.2 * 1.00),
    ],
)
def test_a_transport_is_paid_by_events(transport: Option, service: str, expected: float) -> None:
    work = workload(transport, overwrites=0.2)
    assert dollars(work, service) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "users"),
    [
        ((), 5),
        ((Option.SQS,), 7),
        ((Option.SNS,), 8),
        ((Option.SQL,), 8),
        ((Option.WORKERS,), 8),
        ((Option.KINESIS,), 6),
    ],
)
def test_each_user_of_a_key_asks_for_it_every_five_minutes(
    options: tuple[Option, ...], users: int
) -> None:
    def asked(changes: int) -> float:
        work = workload(*options, changes=changes)
        return dollars(work, "KMS", "data keys, kept for five minutes")

    assert asked(MILLION) == pytest.approx(users * 3_334 * 0.03 / 10_000)
    # No month has more seconds.
    assert asked(10 * MILLION) == pytest.approx(users * 8_640 * 0.03 / 10_000)


def test_copies_to_kinesis() -> None:
    work = workload(Option.KINESIS)
    assert dollars(work, "DynamoDB", "copies of changes") == pytest.approx(0.10)
    assert dollars(work, "Kinesis", "copies of changes") == pytest.approx(1 * 0.08)


def test_rows_of_the_mirror() -> None:
    work = workload(Option.SQL, objects=10 * MILLION, rate=Rate.BURST)
    # 2,500 seconds at four capacity units; four I/O requests a row; eighty rows a statement.
    hours = 2_500 / (30 * 86_400) * 730
    assert dollars(work, "Aurora", "capacity") == pytest.approx(hours * 4 * 0.12)
    assert dollars(work, "Aurora", unit="I/O request") == pytest.approx(4 * 0.20)
    assert dollars(work, "Aurora", "statements") == pytest.approx(0.35 / 80)
    assert dollars(work, "Aurora", unit="GB-month") == pytest.approx(5 * 0.10)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # Two keys, ten metrics of alarms.
        ((), 2 + 1.00),
        # 648,000 polls: five pollers, three a minute.
        ((Option.SQS,), 2 + 1.00 + 0.648 * 0.40),
        # Two secrets and one metric more.
        ((Option.SQL,), 2 + 1.10 + 0.648 * 0.40 + 0.80),
        ((Option.WORKERS,), 2 + 1.70 + 0.648 * 0.40),
        ((Option.GOVERNANCE, Option.DELIVERY), 4 + 1.10),
        ((Option.KINESIS,), 2 + 1.00 + 730 * 0.04),
    ],
)
def test_an_idle_and_empty_catalog(options: tuple[Option, ...], expected: float) -> None:
    assert dollars(workload(*options, changes=0)) == pytest.approx(expected)


def test_an_idle_attached_bucket() -> None:
    work = workload(Option.ATTACHED, changes=0)
    hours = 720 * INVOCATION / MILLION + 720 * 0.05 * 0.25 * GB_SECOND
    assert dollars(work) == pytest.approx(2 + 1.60 + 0.30 + hours)


def test_rows_are_stored_with_point_in_time_recovery() -> None:
    work = workload(changes=0, objects=10_000_000_000)
    # 400 bytes a row and 10 of totals.
    assert dollars(work, "DynamoDB") == pytest.approx(4_100 * (0.25 + 0.20))


def test_a_nightly_comparison_lists_and_reads_everything() -> None:
    work = workload(Option.NIGHTLY, changes=0, objects=100 * MILLION)
    name = "nightly comparison"
    assert dollars(work, "S3", name) == pytest.approx(30 * 0.1 * LIST)
    assert dollars(work, "DynamoDB", name) == pytest.approx(30 * 100 * 300 / 4096 * READ)
    assert dollars(work, "Lambda", name) == pytest.approx(30 * 50_000 * GB_SECOND)
    assert dollars(work, "Step Functions", name) == pytest.approx(12_000 * 0.025 / 1_000)


def test_a_database_that_never_pauses_costs_by_the_hour() -> None:
    assert dollars(workload(Option.SQL), "Aurora", "capacity") == pytest.approx(730 * 0.5 * 0.12)
    # One change a day, of which each keeps it for five minutes.
    once = workload(Option.SQL, changes=30)
    hours = 30 * 300 / (30 * 86_400) * 730
    assert dollars(once, "Aurora", "capacity") == pytest.approx(hours * 0.5 * 0.12)


def test_each_inspection_is_a_write_and_a_record_of_the_stream() -> None:
    work = workload(Option.WORKERS)
    assert dollars(work, "DynamoDB", "inspection results") == pytest.approx(WRITE)
    assert dollars(work, "Lambda", "publish", "request") == pytest.approx(2 * INVOCATION)
    assert dollars(work, "SNS", "inspect", "FIFO delivery") == pytest.approx(0.01)
    assert dollars(work, "DynamoDB", "rows to inspect") == pytest.approx(READ)
    assert dollars(work, "S3", "objects to inspect") == pytest.approx(2 * 0.40)
    # 50 ms an invocation and 100 an object, at 1,769 MB.
    seconds = dollars(work, "Lambda", "inspect", "GB-second, arm64")
    assert seconds == pytest.approx(150_000 * 1769 / 1024 * GB_SECOND)


def test_keys_cost_more_after_their_rotations() -> None:
    assert rotations(workload()) == 2
    assert rotations(workload(Option.GOVERNANCE)) == 3


def test_what_is_free_is_free_once_in_an_account() -> None:
    # Ten metrics of alarms; of three lines of requests the first million.
    lines = usage(workload(changes=0))
    assert free(lines) == pytest.approx(1.00)
    requests = [line for line in usage(workload()) if line.price.unit == "request"]
    invocations = [line for line in requests if line.price.service == "Lambda"]
    assert free(invocations) == pytest.approx(0.20)


def test_what_follows_the_rows_of_a_backfill() -> None:
    work = workload(rate=Rate.BURST)
    slow = 1.5 * 1769 / 256
    seconds = 1.012 * (1.2 * slow + 20) + 10 * (1.7 * slow + 20) + 2 * 1_000
    expected = (
        0.01 * WRITE
        + 0.011012 * INVOCATION
        + seconds * 0.25 * GB_SECOND
        + 11_012 * 240 / 1e9 * (0.50 + 0.03)
        + FIFO
        + 1.2 * 0.017
        + 45 * 3e-6
    )
    assert sum(line.dollars for line in after_rows(work)) == pytest.approx(expected)


def test_a_bucket_has_one_transport() -> None:
    with pytest.raises(ValueError, match="choose one of attached, sqs"):
        workload(Option.SQS, Option.ATTACHED)


def test_no_line_is_of_nothing() -> None:
    for options in ((), (Option.ATTACHED,), tuple(set(Option) - {Option.SQS, Option.SNS})):
        work = [each for each in options if each is not Option.EVENTBRIDGE]
        assert all(line.quantity > 0 for line in usage(workload(*work)))


def test_the_model_imports_no_aws_library() -> None:
    program = (
        "import sys, reinventure.cost.usage, reinventure.cost.alternatives\n"
        "print([name for name in sys.modules if name.startswith(('boto', 'typer', 's3_catalog'))])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
