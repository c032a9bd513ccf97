"""Each price once more, as AWS's pages word it: a number, and of how many units."""

import pytest

from reinventure.cost import prices
from reinventure.cost.prices import Price, Source

K, M = 1_000, 1_000_000

WORDED: dict[str, tuple[float, int]] = {
    "KEY": (1.00, 1),
    "KEY_ROTATION": (1.00, 1),
    "KMS_REQUEST": (0.03, 10_000),
    "WRITE_UNIT": (0.625, M),
    "READ_UNIT": (0.125, M),
    "TABLE_STORAGE": (0.25, 1),
    "POINT_IN_TIME_RECOVERY": (0.20, 1),
    "KINESIS_COPY": (0.10, M),
    "STREAM_READ": (0.0, 1),
    "INVOCATION": (0.20, M),
    "LAMBDA_TIME": (0.0000133334, 1),
    "QUEUE_REQUEST": (0.40, M),
    "FIFO_MESSAGE": (0.30, M),
    "FIFO_MESSAGE_DATA": (0.017, 1),
    "FIFO_DELIVERY": (0.01, M),
    "FIFO_DELIVERY_DATA": (0.001, 1),
    "TOPIC_REQUEST": (0.50, M),
    "BUS_EVENT": (1.00, M),
    "LIST_REQUEST": (0.005, K),
    "GET_REQUEST": (0.0004, K),
    "ALARM_METRIC": (0.10, 1),
    "CUSTOM_METRIC": (0.30, 1),
    "DASHBOARD": (3.00, 1),
    "LOG_DATA": (0.50, 1),
    "LOG_STORAGE": (0.03, 1),
    "METRIC_REQUEST": (0.01, K),
    "TRACE": (5.00, M),
    "TRANSITION": (0.025, K),
    "AURORA_CAPACITY": (0.12, 1),
    "AURORA_STORAGE": (0.10, 1),
    "AURORA_IO": (0.20, M),
    "DATA_API_REQUEST": (0.35, M),
    "SECRET": (0.40, 1),
    "KINESIS_STREAM": (0.04, 1),
    "KINESIS_DATA": (0.08, 1),
    "JOURNAL_UPDATE": (0.30, M),
    "LIVE_INVENTORY": (0.10, M),
    "LIVE_INVENTORY_BACKFILL": (0.30, M),
    "INVENTORY": (0.0025, M),
    "TABLES_STORAGE": (0.0265, 1),
    "TABLES_COMPACTION": (0.005, 1),
}

FREE = {
    "KMS_REQUEST": 20_000,
    "TABLE_STORAGE": 25,
    "INVOCATION": M,
    "LAMBDA_TIME": 400_000,
    "QUEUE_REQUEST": M,
    "TOPIC_REQUEST": M,
    "ALARM_METRIC": 10,
    "CUSTOM_METRIC": 10,
    "DASHBOARD": 3,
    "LOG_DATA": 5,
    "TRACE": 100_000,
    "TRANSITION": 4_000,
    "LIVE_INVENTORY": 10**9,
}

LISTED = {name: price for name, price in vars(prices).items() if isinstance(price, Price)}


def test_no_price_is_left_out() -> None:
    assert set(LISTED) == set(WORDED)


@pytest.mark.parametrize("name", WORDED)
def test_a_price_is_what_the_page_says(name: str) -> None:
    dollars, of = WORDED[name]
    assert LISTED[name].dollars == pytest.approx(dollars / of)
    assert LISTED[name].free == FREE.get(name, 0)


def test_each_price_cites_a_page_of_aws() -> None:
    assert all(price.page.startswith("aws.amazon.com/") for price in LISTED.values())
    assert {price.source for price in LISTED.values()} == set(Source)
