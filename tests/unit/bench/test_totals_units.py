"""How Lambda collects the changes of a stream into batches, one change a second."""

from typing import Any

from bench.totals_units import _batches

EVERY_SECOND = {"BatchSize": 500, "MaximumBatchingWindowInSeconds": 1}


def sizes(**mapping: Any) -> list[int]:
    return [len(records) for _, records in _batches({**EVERY_SECOND, **mapping})]


def test_each_change_is_delivered_once_and_in_order() -> None:
    numbers: dict[str, list[int]] = {}
    for shard, records in _batches({**EVERY_SECOND, "MaximumBatchingWindowInSeconds": 60}):
        sequence = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
        numbers.setdefault(shard, []).extend(sequence)
    assert len(numbers) == 4
    assert all(each == sorted(set(each)) for each in numbers.values())
    assert sum(map(len, numbers.values())) == 1800


def test_with_a_window_of_a_second_changes_come_alone() -> None:
    assert [size for size in sizes() if size] == [1] * 1800


def test_a_window_begins_with_its_first_change() -> None:
    # A minute has 60 changes, and four shards have a quarter each. The next window waits for the
    # next change.
    found = [size for size in sizes(MaximumBatchingWindowInSeconds=60) if size]
    assert 14 < sum(found) / len(found) < 17
    assert len(found) < 1800 / 60 * 4


def test_a_full_batch_does_not_wait() -> None:
    found = [size for size in sizes(MaximumBatchingWindowInSeconds=60, BatchSize=10) if size]
    assert max(found) == 10


def test_a_tumbling_window_ends_with_an_invocation_without_records() -> None:
    found = sizes(MaximumBatchingWindowInSeconds=60, TumblingWindowInSeconds=900)
    assert found.count(0) == 2 * 4
