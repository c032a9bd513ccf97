"""What counted changes have cost, against sums made by hand."""

from datetime import UTC, datetime

import pytest

from reinventure.cost.measured import Counts, SoFar, so_far
from reinventure.cost.meters import FUNCTION, QUEUE, TOPIC, Metric, Resource, meters
from reinventure.cost.usage import usage
from reinventure.cost.workload import Option, Rate, Workload

MILLION = 1_000_000
START = datetime(2026, 11, 26, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)
METERS = list(
    meters(
        [
            Resource(FUNCTION, "ChangesPublishFunction099F9EFD", "publish", 256),
            Resource(TOPIC, "ChangesTopic1C604BB4", "arn:aws:sns:us-east-1:1:c.fifo"),
            Resource(QUEUE, "Failures8A3E1A2F", "https://sqs/1/failures"),
        ]
    )
)
PUBLISHED = Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", "c.fifo")
INVOKED = Metric("AWS/Lambda", "Invocations", "FunctionName", "publish")
TOOK = Metric("AWS/Lambda", "Duration", "FunctionName", "publish")
POLLED = Metric("AWS/SQS", "NumberOfEmptyReceives", "QueueName", "failures")


def cost(sums: dict[Metric, float]) -> SoFar:
    return so_far(Counts(START, NOW, METERS, sums, frozenset({Option.EVENTBRIDGE})))


def test_counts_are_priced_as_they_are_and_the_rest_is_the_models() -> None:
    found = cost({PUBLISHED: 1000, INVOKED: 900, TOOK: 36_000, POLLED: 500})
    assert (found.changes, found.rate) == (1000, Rate.TRICKLE)
    counted = {line.price.unit: line.dollars for line in found.lines if line.counted}
    assert counted == pytest.approx(
        {
            "request": 900 * 0.20e-6,
            # 36 seconds of a quarter of a GB.
            "GB-second, arm64": 36 * 0.25 * 0.0000133334,
            "FIFO message": 1000 * 0.30e-6,
            "GB published": 1000 * 1200 / 1e9 * 0.017,
        }
    )
    modelled = {line.reason: line.dollars for line in found.lines if not line.counted}
    assert modelled["rows"] == pytest.approx(1000 * 0.625e-6)
    assert modelled["events"] == pytest.approx(1000 * 1.00e-6)
    # Ten units for 15 changes.
    assert modelled["totals"] == pytest.approx(1000 * 10 / 15 * 0.625e-6)
    # Keys, alarms and polls are there without changes.
    assert {
        line.price.service: line.price.unit for line in found.lines if line.price.service == "KMS"
    } == {"KMS": "request"}
    assert all(line.price.service != "SQS" for line in found.lines)
    assert found.dollars == pytest.approx(sum(counted.values()) + sum(modelled.values()))
    # Of a million, data keys are for 3,334 times five minutes, not for a thousand times four.
    keys = [n for n, line in enumerate(found.lines) if line.price.service == "KMS"]
    assert [found.millions[n] for n in keys] == pytest.approx([5 * 3_334 * 3e-6])
    counted_million = sum(counted.values()) * 1000
    million = usage(Workload(MILLION, 0, Rate.TRICKLE, 0, frozenset({Option.EVENTBRIDGE})))
    left = {(line.price.unit, line.reason) for line in found.lines if not line.counted}
    rest = [line.dollars for line in million if (line.price.unit, line.reason) in left]
    assert len(rest) == len(left)
    assert found.million == pytest.approx(counted_million + sum(rest))


@pytest.mark.parametrize(
    ("invocations", "rate"), [(1000, Rate.TRICKLE), (100, Rate.STEADY), (12, Rate.BURST)]
)
def test_the_rate_is_that_of_the_batches(invocations: int, rate: Rate) -> None:
    assert cost({PUBLISHED: 1000, INVOKED: invocations}).rate is rate


def test_nothing_costs_nothing() -> None:
    found = cost({})
    assert (found.changes, found.dollars, found.million, list(found.lines)) == (0, 0, None, [])
