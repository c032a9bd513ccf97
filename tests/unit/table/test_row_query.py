"""The queries of a listing: key conditions, filters and names; and where a listing ends."""

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest

from s3_catalog.table.item import to_item
from s3_catalog.table.merged_query import Reading
from s3_catalog.table.row_query import Filter, matching_rows
from tests import doubles

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

NOON = datetime(2026, 11, 23, 12, 0, 0, 5000, UTC)


class Table:
    """DynamoDB with rows of `keys` in each partition, all of which match a query."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.queries: list[dict[str, Any]] = []

    def query(self, **query: Any) -> Any:
        self.queries.append(query)
        items = [to_item(doubles.row(key), 1) for key in self.keys]
        return {"Items": items, "ScannedCount": len(items) + 1}

    def client(self) -> "DynamoDBClient":
        return cast("DynamoDBClient", self)


def query(wanted: Filter | None = None, **limits: Any) -> dict[str, Any]:
    """The one query of a listing of one partition."""
    table = Table()
    filters = [wanted] if wanted else []
    assert list(matching_rows(table.client(), "table", "bucket", 1, *filters, **limits)) == []
    [only] = table.queries
    return only


def test_a_query_of_all_objects() -> None:
    assert query() == {
        "TableName": "table",
        "KeyConditionExpression": "pk = :partition",
        "FilterExpression": "attribute_not_exists(expires_at)",
        "ExpressionAttributeValues": {":partition": {"S": "bucket#1#0"}},
        "ConsistentRead": False,
        "Limit": 50,
    }


def test_each_partition_has_a_query() -> None:
    table = Table()
    list(matching_rows(table.client(), "table", "bucket", 3))
    assert sorted(
        each["ExpressionAttributeValues"][":partition"]["S"] for each in table.queries
    ) == ["bucket#3#0", "bucket#3#1", "bucket#3#2"]


def test_a_read_is_consistent_on_request() -> None:
    assert query(consistent=True)["ConsistentRead"] is True


@pytest.mark.parametrize(
    ("prefix", "after", "condition", "values"),
    [
        ("b/", "", "begins_with(sk, :prefix)", {":prefix": "b/"}),
        ("b/", "a", "begins_with(sk, :prefix)", {":prefix": "b/"}),
        ("b/", "b/", "sk > :after", {":after": "b/"}),
        ("b/", "b/1", "sk > :after", {":after": "b/1"}),
        ("b/", "c", "sk > :after", {":after": "c"}),
        ("", "b", "sk > :after", {":after": "b"}),
    ],
)
def test_a_key_condition_has_the_stricter_of_prefix_and_beginning(
    prefix: str, after: str, condition: str, values: dict[str, str]
) -> None:
    request = query(prefix=prefix, after=after)
    assert request["KeyConditionExpression"] == f"pk = :partition AND {condition}"
    assert request["ExpressionAttributeValues"] == {
        ":partition": {"S": "bucket#1#0"},
        **{name: {"S": value} for name, value in values.items()},
    }


@pytest.mark.parametrize(
    ("wanted", "terms", "values"),
    [
        (Filter(larger=0), "#size > :larger", {":larger": {"N": "0"}}),
        (Filter(smaller=0), "#size < :smaller", {":smaller": {"N": "0"}}),
        (Filter(newer=NOON), "event_time >= :newer", {":newer": {"S": "2026-11-23T12:00:00.005Z"}}),
        (Filter(older=NOON), "event_time < :older", {":older": {"S": "2026-11-23T12:00:00.005Z"}}),
        (
            Filter(older=NOON.astimezone(timezone(timedelta(hours=9)))),
            "event_time < :older",
            {":older": {"S": "2026-11-23T12:00:00.005Z"}},
        ),
        (
            Filter(content_type="image/png"),
            "inspected.content_type = :type",
            {":type": {"S": "image/png"}},
        ),
        (
            Filter(content_type="image/*"),
            "begins_with(inspected.content_type, :type)",
            {":type": {"S": "image/"}},
        ),
        (Filter(sha256="00"), "inspected.sha256 = :sha256", {":sha256": {"S": "00"}}),
        (
            Filter(storage_class="GLACIER"),
            "storage_class = :storage_class",
            {":storage_class": {"S": "GLACIER"}},
        ),
        (Filter(storage_class="STANDARD"), "attribute_not_exists(storage_class)", {}),
        (Filter(by="AWS:ann"), "contains(requester, :by)", {":by": {"S": "ann"}}),
        (Filter(wider=0), "inspected.width > :wider", {":wider": {"N": "0"}}),
        (Filter(rows_over=0), "inspected.#rows > :rows_over", {":rows_over": {"N": "0"}}),
        (
            Filter(larger=1, smaller=9, wider=2),
            "#size > :larger AND #size < :smaller AND inspected.width > :wider",
            {":larger": {"N": "1"}, ":smaller": {"N": "9"}, ":wider": {"N": "2"}},
        ),
    ],
)
def test_a_filter_is_an_expression_and_its_values(
    wanted: Filter, terms: str, values: dict[str, Any]
) -> None:
    request = query(wanted)
    assert request["FilterExpression"] == f"attribute_not_exists(expires_at) AND {terms}"
    assert request["ExpressionAttributeValues"] == {":partition": {"S": "bucket#1#0"}, **values}


def test_tombstones_with_an_implausible_sequencer_are_added() -> None:
    request = query(Filter(implausible_at=NOON))
    assert request["FilterExpression"] == (
        "(attribute_not_exists(expires_at) OR sequencer > :greatest"
        " OR sequencer > :before_all AND sequencer < :least)"
    )
    assert request["ExpressionAttributeValues"] == {
        ":partition": {"S": "bucket#1#0"},
        ":before_all": {"S": "0" * 32},
        ":least": {"S": "0043B71B80" + "0" * 22},
        ":greatest": {"S": "006B042BEC" + "F" * 22},
    }


def test_tombstones_are_rows_that_expire() -> None:
    assert query(Filter(deleted=True))["FilterExpression"] == "attribute_exists(expires_at)"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(smaller=1), {"#size": "size"}),
        (Filter(rows_over=1), {"#rows": "rows"}),
        (Filter(larger=1, rows_over=1), {"#size": "size", "#rows": "rows"}),
    ],
)
def test_reserved_words_have_names(wanted: Filter, names: dict[str, str]) -> None:
    assert query(wanted)["ExpressionAttributeNames"] == names


@pytest.mark.parametrize(
    ("limits", "keys"),
    [
        ({}, ["a", "b", "b/1", "c"]),
        ({"until": "b"}, ["a", "b"]),
        ({"until": "b/0"}, ["a", "b"]),
        ({"until": "z"}, ["a", "b", "b/1", "c"]),
        ({"until": ""}, []),
        ({"prefix": "a"}, ["a"]),
        ({"prefix": "b"}, []),
    ],
)
def test_a_listing_ends_before_the_first_key_outside_its_limits(
    limits: dict[str, Any], keys: list[str]
) -> None:
    table = Table("a", "b", "b/1", "c")
    found = list(matching_rows(table.client(), "table", "bucket", 1, **limits))
    assert found == [doubles.row(key) for key in keys]


def test_the_rows_read_are_counted_with_those_that_the_filter_dropped() -> None:
    reading = Reading()
    found = matching_rows(Table("a", "b").client(), "table", "bucket", 2, reading=reading)
    assert [row.key for row in found] == ["a", "a", "b", "b"]
    assert reading.rows == 6


def test_a_page_without_matches_ends_a_listing_at_its_last_key() -> None:
    class Dropped(Table):
        """A table whose rows do not match: each page has its last key only."""

        def query(self, **query: Any) -> Any:
            self.queries.append(query)
            last = self.keys[len(self.queries) - 1]
            return {
                "Items": [],
                "ScannedCount": 1,
                "LastEvaluatedKey": {"pk": {"S": "bucket#1#0"}, "sk": {"S": last}},
            }

    table = Dropped("a", "b", "c", "d", "e", "f")
    assert list(matching_rows(table.client(), "table", "bucket", 1, until="b")) == []
    # The third key is outside; the fourth page may have been fetched ahead.
    assert 3 <= len(table.queries) <= 4
