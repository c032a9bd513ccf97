"""The fake table behaves as moto's does, and in batches as MiniStack's does."""

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from reinventure.local import cloud as clouds
from s3_catalog.model.row import Row
from s3_catalog.table import batch_write as batch
from s3_catalog.table import conditions
from s3_catalog.table.store import Store
from tests.empty_table import new_table
from tests.simulator.expression import values_in
from tests.simulator.table import FakeTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from types_boto3_dynamodb import DynamoDBClient

PARTITIONS = ("b#1#0", "b#1#1")
KEYS = ("a", "a/1", "ü", "\uffff", "🚀")

CONDITIONS = (
    None,
    conditions.ACCEPTS_EVENT,
    conditions.LOOKED_UP_ROW_UNCHANGED,
    conditions.ROW_UNCHANGED,
    conditions.ROW_MISSING,
    conditions.ACCEPTS_EVENT.replace(" < ", " > "),
    conditions.ACCEPTS_EVENT.replace(" < ", " <> "),
    conditions.ACCEPTS_EVENT.replace(" < ", " >= "),
    "NOT (sequencer = :sequencer OR asked_at <= :asked_at) AND attribute_exists(sk)",
    "begins_with(sequencer, :sequencer)",
)

texts = st.sampled_from(["0A", "0B", "0B0", "1"])
numbers = st.sampled_from(["9", "10", "11"])
times = st.sampled_from([f"2026-01-01T00:00:{second}.000Z" for second in ("00", "05", "10", "15")])
names = st.sampled_from(["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"])
VALUES = st.fixed_dictionaries(
    {
        ":sequencer": texts.map(lambda text: {"S": text}),
        ":asked_at": numbers.map(lambda number: {"N": number}),
        ":happened": numbers.map(lambda number: {"N": number}),
        ":latest": times.map(lambda time: {"S": time}),
        ":earliest": times.map(lambda time: {"S": time}),
        ":multipart_upload": names.map(lambda name: {"S": name}),
    }
)
PLACES = st.fixed_dictionaries(
    {
        "pk": st.sampled_from(PARTITIONS).map(lambda text: {"S": text}),
        "sk": st.sampled_from(KEYS).map(lambda text: {"S": text}),
    }
)
ITEMS = st.builds(
    lambda place, more: place | more,
    PLACES,
    st.fixed_dictionaries(
        {
            "sequencer": texts.map(lambda text: {"S": text}),
            "event_time": times.map(lambda time: {"S": time}),
            "event_name": names.map(lambda name: {"S": name}),
        },
        optional={
            name: numbers.map(lambda number: {"N": number})
            for name in ("asked_at", "expires_at", "size")
        },
    ),
)


def put(item: Any, test: str | None, values: Any, returned: str) -> tuple[str, dict[str, Any]]:
    request = {"Item": item, "ReturnValuesOnConditionCheckFailure": returned}
    if test:
        request["ConditionExpression"] = test
    spoken_of = values_in(test or "")
    if spoken_of:
        request["ExpressionAttributeValues"] = {name: values[name] for name in spoken_of}
    return "put_item", request


def query(partition: str, prefix: str, limit: int | None, live: bool) -> tuple[str, dict[str, Any]]:
    request: dict[str, Any] = {
        "KeyConditionExpression": "pk = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }
    if prefix:
        request["KeyConditionExpression"] += " AND begins_with(sk, :prefix)"
        request["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
    if limit:
        request["Limit"] = limit
    if live:
        request["FilterExpression"] = "attribute_not_exists(expires_at)"
    return "query", request


REQUESTS = st.one_of(
    st.builds(
        put, ITEMS, st.sampled_from(CONDITIONS), VALUES, st.sampled_from(["ALL_OLD", "NONE"])
    ),
    st.builds(put, ITEMS, st.none(), VALUES, st.just("NONE")),
    st.builds(lambda place: ("get_item", {"Key": place, "ConsistentRead": True}), PLACES),
    st.builds(
        query,
        st.sampled_from(PARTITIONS),
        st.sampled_from(["", "a", "ü"]),
        st.sampled_from([None, 1, 2]),
        st.booleans(),
    ),
)


@pytest.fixture(scope="module")
def moto(no_logs: None) -> "Iterator[DynamoDBClient]":
    with mock_aws():
        yield boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106  (there is no such key)
        )


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DynamoDBClient]":
    directory: Path = tmp_path_factory.mktemp("cloud")
    cloud = clouds.start(directory)
    try:
        yield boto3.client(
            "dynamodb",
            region_name=clouds.REGION,
            endpoint_url=cloud.endpoint,
            aws_access_key_id=cloud.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=cloud.environment["AWS_SECRET_ACCESS_KEY"],
            verify=cloud.environment["AWS_CA_BUNDLE"],
        )
    finally:
        clouds.stop(directory)


def reply(client: Any, method: str, request: dict[str, Any]) -> Any:
    """Return the relevant parts of a reply: no error texts, no metadata."""
    try:
        answer = getattr(client, method)(**request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    answer.pop("ResponseMetadata", None)
    if "Responses" in answer:
        errors = [response.get("Error", {}) for response in answer["Responses"]]
        return [(error.get("Code"), error.get("Item")) for error in errors]
    return answer


@given(st.lists(REQUESTS, min_size=10, max_size=40))
def test_it_behaves_as_moto_does(
    moto: "DynamoDBClient", requests: list[tuple[str, dict[str, Any]]]
) -> None:
    name = new_table(moto)
    fake = FakeTable.without_faults(name)
    for method, request in requests:
        named = {"TableName": name, **request}
        while named:
            found, expected = reply(fake, method, named), reply(moto, method, named)
            start = found.get("LastEvaluatedKey") if isinstance(found, dict) else None
            if start and "LastEvaluatedKey" not in expected:
                # At the very end moto returns no key. DynamoDB does not read ahead, and does.
                del found["LastEvaluatedKey"]
                assert not fake.query(**{**named, "ExclusiveStartKey": start})["ScannedCount"]
                start = None
            assert found == expected, named
            named = {**named, "ExclusiveStartKey": start} if start else {}


ROWS = st.builds(
    Row,
    bucket=st.just("b"),
    key=st.sampled_from(KEYS),
    sequencer=texts,
    event_time=times,
    event_name=names,
    version_id=st.sampled_from([None, "v1"]),
    size=st.none() | st.integers(0, 11),
    etag=st.sampled_from([None, "e"]),
    expires_at=st.none() | st.integers(9, 11),
    asked_at=st.none() | st.integers(9, 11),
)
CHANGES = (
    ("", ""),
    ("", ""),
    ('"event_time" <=', '"event_time" >='),
    ('"event_time" <', '"event_time" >'),
    ('"event_name" <>', '"event_name" ='),
    ('"sequencer" <', '"sequencer" >'),
    ('"sequencer" <', '"sequencer" >='),
    (' AND "asked_at" IS MISSING', ""),
    ("IS MISSING", "IS NOT MISSING"),
)
BATCHES = st.lists(
    st.tuples(ROWS, st.booleans(), st.sampled_from(CHANGES), st.booleans()),
    min_size=1,
    max_size=5,
    unique_by=lambda drawn: drawn[0].key,
)


@settings(
    phases=[Phase.generate],  # Shrinking takes minutes here, and a failing batch is short.
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(BATCHES, min_size=3, max_size=10))
def test_it_runs_statements_as_ministack_does(
    ministack: "DynamoDBClient", batches: list[list[tuple[Row, bool, tuple[str, str], bool]]]
) -> None:
    name = new_table(ministack)
    fake = FakeTable.without_faults(name)
    statements = Store(cast("Any", fake), name, 2)
    for drawn in batches:
        requests: list[Any] = []
        for row, insert, change, all_old in drawn:
            request: Any = (batch._insert if insert else batch._update)(statements, row)
            request["Statement"] = request["Statement"].replace(*change)
            if not all_old:
                request.pop("ReturnValuesOnConditionCheckFailure", None)
            requests.append(request)
        named = {"Statements": requests}
        expected = reply(ministack, "batch_execute_statement", named)
        assert reply(fake, "batch_execute_statement", named) == expected, requests
    found = ministack.scan(TableName=name)["Items"]
    assert {(item["pk"]["S"], item["sk"]["S"]): item for item in found} == fake.items


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        (
            "put_item",
            {"Item": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "ConditionExpression": "a = :a"},
        ),
        (
            "put_item",
            {
                "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}},
                "ConditionExpression": "attribute_not_exists(a)",
                "ExpressionAttributeValues": {":a": {"S": "unused"}},
            },
        ),
        ("get_item", {"TableName": "another", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}}),
    ],
)
def test_it_refuses_what_ministack_refuses(
    ministack: "DynamoDBClient", method: str, request_: dict[str, Any]
) -> None:
    name = new_table(ministack)
    named = {"TableName": name, **request_}
    refused = reply(FakeTable.without_faults(name), method, named)
    assert refused == reply(ministack, method, named)
    assert refused[0] in {"ValidationException", "ResourceNotFoundException"}
