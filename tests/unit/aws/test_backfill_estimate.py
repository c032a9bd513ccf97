"""What a backfill costs and takes, in literal numbers."""

import pytest

from reinventure.aws.backfill_estimate import BackfillEstimate


def test_ten_billion_rows_take_a_week_with_sixteen_shards() -> None:
    estimate = BackfillEstimate(10_000_000_000, 16)
    assert estimate.seconds == 625_000
    assert estimate.requests == 10_000_000
    assert estimate.listing_dollars == pytest.approx(50)
    assert estimate.row_dollars == pytest.approx(6_250)
    assert estimate.following_dollars == pytest.approx(3_382.92, abs=0.01)


@pytest.mark.parametrize(
    ("objects", "requests"), [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_000, 2)]
)
def test_a_request_lists_a_thousand_keys(objects: int, requests: int) -> None:
    assert BackfillEstimate(objects, 16).requests == requests


@pytest.mark.parametrize(
    ("objects", "shards", "proposed"),
    [
        (16 * 86_400_000, 16, None),
        (16 * 86_400_000 + 1, 16, 17),
        (10_000_000_000, 16, 116),
        (10**12, 16, 256),
        (10**12, 256, None),
        (0, 1, None),
    ],
)
def test_more_shards_than_a_day_needs_are_not_proposed(
    objects: int, shards: int, proposed: int | None
) -> None:
    more = BackfillEstimate(objects, shards).with_more_shards()
    assert (more and more.shards) == proposed
