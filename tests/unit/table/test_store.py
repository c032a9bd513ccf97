"""Single writes: the request of each, and the outcome of each reply."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from s3_catalog.model.event import Content, Event
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.table.item import to_item
from s3_catalog.table.store import Outcome, Store
from tests import doubles

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

EVENT = Event(
    bucket="bucket",
    key="key",
    name="ObjectCreated:Put",
    time=datetime(2026, 11, 23, 12, 0, 0, 5000, UTC),
    sequencer="006000000B",  # Of 2021.
    version_id="v1",
    content=Content(7, "e"),
)
ROW = doubles.row(sequencer="006000000B", version_id="v1")
ITEM = {
    "pk": {"S": "bucket#1#0"},
    "sk": {"S": "key"},
    "sequencer": {"S": "006000000B"},
    "event_time": {"S": "2026-11-23T12:00:00.005Z"},
    "event_name": {"S": "ObjectCreated:Put"},
    "version_id": {"S": "v1"},
    "size": {"N": "7"},
    "etag": {"S": "e"},
}
INSPECTED = InspectionResult("2026-11-23T12:00:00Z", sha256="00")
INSPECTED_VALUE = {"M": {"inspected_at": {"S": "2026-11-23T12:00:00Z"}, "sha256": {"S": "00"}}}


class RefusedError(ClientError):
    """botocore's ConditionalCheckFailedException, with the item of a refused put."""

    def __init__(self, **response: Any) -> None:
        error = {"Code": "ConditionalCheckFailedException"}
        super().__init__(cast("Any", {"Error": error, **response}), "PutItem")


class Table:
    """DynamoDB that replies to each request with `reply`, or raises it."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=RefusedError)

    def __init__(self, reply: Any = None) -> None:
        self._reply = {} if reply is None else reply
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def put_item(self, **request: Any) -> Any:
        return self._answer("put_item", request)

    def get_item(self, **request: Any) -> Any:
        return self._answer("get_item", request)

    def update_item(self, **request: Any) -> Any:
        return self._answer("update_item", request)

    def _answer(self, method: str, request: dict[str, Any]) -> Any:
        self.requests.append((method, request))
        if isinstance(self._reply, Exception):
            raise self._reply
        return self._reply

    def store(self, shards: int = 1) -> Store:
        return Store(cast("DynamoDBClient", self), "table", shards)


SEQUENCER = {"S": doubles.row().sequencer}


@pytest.mark.parametrize(
    ("name", "happened"),
    [
        # The lookup was made at least five minutes before the event.
        ("ObjectCreated:Put", "1795434900005000"),
        # When the upload began is not known.
        ("ObjectCreated:CompleteMultipartUpload", "0"),
    ],
)
def test_an_event_is_put_by_the_write_rule(name: str, happened: str) -> None:
    table = Table()
    assert table.store().write(replace(EVENT, name=name)) is Outcome.WRITTEN
    assert table.requests == [
        (
            "put_item",
            {
                "TableName": "table",
                "Item": {**ITEM, "event_name": {"S": name}},
                "ConditionExpression": (
                    "attribute_not_exists(sequencer) OR (sequencer < :sequencer AND "
                    "(event_time <= :latest AND event_name <> :multipart_upload"
                    " OR event_time < :earliest) AND "
                    "(attribute_not_exists(asked_at) OR asked_at < :happened"
                    " AND attribute_not_exists(healed_at)))"
                ),
                "ExpressionAttributeValues": {
                    ":sequencer": {"S": "006000000B"},
                    ":multipart_upload": {"S": "ObjectCreated:CompleteMultipartUpload"},
                    ":latest": {"S": "2026-11-23T12:00:10.005Z"},
                    ":earliest": {"S": "2026-11-23T11:59:50.005Z"},
                    ":happened": {"N": happened},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
    ]


def test_the_row_before_is_asked_for_where_it_is_logged_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = Table({"Attributes": to_item(doubles.row(size=6), 1)})
    table.store().write(EVENT)
    with doubles.lines_of_keys(caplog):
        table.store().write(EVENT)
    (_, usual), (_, logged) = table.requests
    assert "ReturnValues" not in usual
    assert logged == {**usual, "ReturnValues": "ALL_OLD"}
    [line] = [vars(each) for each in caplog.records]
    assert (line["outcome"], line["clause"]) == ("written", "EVENT_IS_NEWER")
    assert (line["before"]["size"], line["after"]["size"]) == (6, 7)


@pytest.mark.parametrize(
    ("sequencer", "time", "outcome"),
    [
        ("006000000A", "2026-11-23T12:00:00.005Z", Outcome.UNDECIDED),
        ("006000000B", "2026-11-23T12:00:00.005Z", Outcome.SUPERSEDED),
        ("006000000C", "2026-11-23T12:00:00.005Z", Outcome.SUPERSEDED),
        ("006000000C", "2026-11-23T11:59:50.005Z", Outcome.SUPERSEDED),
        ("006000000C", "2026-11-23T11:59:50.004Z", Outcome.UNDECIDED),
        ("FFFFFFFFFF", "2026-11-23T12:00:00.005Z", Outcome.UNDECIDED),
    ],
)
def test_a_refused_event_is_superseded_if_the_row_has_it_or_a_later_one(
    sequencer: str, time: str, outcome: Outcome
) -> None:
    row = to_item(doubles.row(sequencer=sequencer, event_time=time), 1)
    assert Table(RefusedError(Item=row)).store().write(EVENT) is outcome


def test_an_event_that_is_refused_without_a_row_is_undecided() -> None:
    assert Table(RefusedError()).store().write(EVENT) is Outcome.UNDECIDED


def test_the_row_of_a_key_is_read_consistently() -> None:
    table = Table({"Item": to_item(ROW, 1)})
    assert table.store().read("bucket", "key") == ROW
    assert table.requests == [
        (
            "get_item",
            {
                "TableName": "table",
                "Key": {"pk": {"S": "bucket#1#0"}, "sk": {"S": "key"}},
                "ConsistentRead": True,
            },
        )
    ]
    assert Table().store().read("bucket", "key") is None


def test_a_row_is_inserted_if_its_key_has_none() -> None:
    table = Table()
    assert table.store().replace(None, ROW)
    assert table.requests == [
        (
            "put_item",
            {
                "TableName": "table",
                "Item": ITEM,
                "ConditionExpression": "attribute_not_exists(sequencer)",
            },
        )
    ]


@pytest.mark.parametrize(
    ("seen", "condition", "values"),
    [
        (
            doubles.row(),
            (
                "sequencer = :sequencer AND attribute_not_exists(asked_at)"
                " AND attribute_not_exists(inspected)"
            ),
            {":sequencer": SEQUENCER},
        ),
        (
            doubles.row(asked_at=5),
            "sequencer = :sequencer AND asked_at = :asked_at AND attribute_not_exists(inspected)",
            {":sequencer": SEQUENCER, ":asked_at": {"N": "5"}},
        ),
        (
            doubles.row(inspected=INSPECTED),
            "sequencer = :sequencer AND attribute_not_exists(asked_at) AND inspected = :inspected",
            {":sequencer": SEQUENCER, ":inspected": INSPECTED_VALUE},
        ),
    ],
)
def test_a_row_is_replaced_if_it_is_as_it_was_seen(
    seen: Any, condition: str, values: dict[str, Any]
) -> None:
    table = Table()
    assert table.store().replace(seen, ROW)
    assert table.requests == [
        (
            "put_item",
            {
                "TableName": "table",
                "Item": ITEM,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            },
        )
    ]


@pytest.mark.parametrize(
    ("seen", "condition", "values"),
    [
        (
            doubles.row(version_id="v1", asked_at=5),
            "version_id = :version_id",
            {":version_id": {"S": "v1"}},
        ),
        (
            doubles.row(),
            (
                "attribute_not_exists(version_id) AND etag = :etag"
                " AND sequencer = :sequencer AND attribute_not_exists(asked_at)"
            ),
            {":sequencer": SEQUENCER, ":etag": {"S": "e"}},
        ),
        (
            doubles.row(asked_at=5),
            (
                "attribute_not_exists(version_id) AND etag = :etag"
                " AND sequencer = :sequencer AND asked_at = :asked_at"
            ),
            {":sequencer": SEQUENCER, ":etag": {"S": "e"}, ":asked_at": {"N": "5"}},
        ),
    ],
)
def test_an_inspection_result_is_added_to_the_row_of_the_same_object(
    seen: Any, condition: str, values: dict[str, Any]
) -> None:
    table = Table()
    assert table.store().record(seen, INSPECTED)
    assert table.requests == [
        (
            "update_item",
            {
                "TableName": "table",
                "Key": {"pk": {"S": "bucket#1#0"}, "sk": {"S": "key"}},
                "UpdateExpression": "SET inspected = :inspected",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": {":inspected": INSPECTED_VALUE, **values},
            },
        )
    ]


def test_each_request_is_of_the_partition_of_the_key() -> None:
    table, key = Table(), "photos/2014/sunrise.png"
    store = table.store(shards=16)
    store.write(replace(EVENT, key=key))
    store.read("bucket", key)
    store.replace(None, replace(ROW, key=key))
    store.replace(ROW, replace(ROW, key=key))
    store.record(replace(ROW, key=key), INSPECTED)
    places = [request.get("Key") or request["Item"] for _, request in table.requests]
    assert [(place["pk"]["S"], place["sk"]["S"]) for place in places] == [("bucket#16#11", key)] * 5


def test_a_refused_row_or_result_is_not_written() -> None:
    store = Table(RefusedError()).store()
    assert store.replace(None, ROW) is False
    assert store.replace(ROW, ROW) is False
    assert store.record(ROW, INSPECTED) is False


def test_any_other_error_is_raised() -> None:
    store = Table(ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")).store()
    for request in (
        lambda: store.write(EVENT),
        lambda: store.read("bucket", "key"),
        lambda: store.replace(None, ROW),
        lambda: store.record(ROW, INSPECTED),
    ):
        with pytest.raises(ClientError, match="ThrottlingException"):
            request()
