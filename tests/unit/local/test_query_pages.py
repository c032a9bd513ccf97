"""Queries of the local cloud read one page, and find what they found without the patch."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.local.patches.queries import queries_read_one_page

KEYS = st.sampled_from(["a", "a/", "a/b", "a/b\u00e9", "a/\U0001f600", "a0", "b", "\uffff"])
CONDITIONS = st.one_of(
    st.just("pk = :pk"),
    st.just("pk = :pk AND sk > :sk"),
    st.just("pk = :pk AND begins_with(sk, :sk)"),
    # Not one of ours: evaluated as before.
    st.just("pk = :pk AND sk <= :sk"),
    st.just("sk = :sk AND pk = :pk"),
)
WRITES = st.lists(st.tuples(st.booleans(), st.sampled_from("xy"), KEYS, st.integers(0, 300)))


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """The emulator's DynamoDB with the patch, small pages and a table `rows`."""
    module: Any = importlib.import_module("ministack.services.dynamodb")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_query", "_paginate_evaluated_items", "_set_item"):
            patch.setattr(module, name, getattr(module, name))
        patch.setattr(module, "_DDB_PAGE_SIZE_BYTES", 400)
        queries_read_one_page.apply()
        module._create_table(
            {
                "TableName": "rows",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "AttributeDefinitions": [
                    {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
                ],
            }
        )
        yield module
        module._delete_table({"TableName": "rows"})


def write(dynamodb: Any, writes: list[tuple[bool, str, str, int]]) -> None:
    for puts, partition, key, size in writes:
        found = {"pk": {"S": partition}, "sk": {"S": key}}
        if puts:
            item = {**found, "filler": {"S": "." * size}}
            status, _, body = dynamodb._put_item({"TableName": "rows", "Item": item})
        else:
            status, _, body = dynamodb._delete_item({"TableName": "rows", "Key": found})
        assert status == 200, body


def pages(query: Any, request: dict[str, Any]) -> list[Any]:
    """Every page of `request`, to the last."""
    found: list[Any] = []
    while True:
        status, _, body = query(request)
        found.append((status, json.loads(body)))
        last = found[-1][1].get("LastEvaluatedKey")
        if last is None:
            return found
        request = {**request, "ExclusiveStartKey": last}


@given(
    before=WRITES,
    after=WRITES,
    condition=CONDITIONS,
    forward=st.booleans(),
    limit=st.one_of(st.none(), st.integers(0, 3)),
    bound=KEYS,
)
def test_every_page_is_that_of_the_emulator(
    dynamodb: Any,
    before: list[tuple[bool, str, str, int]],
    after: list[tuple[bool, str, str, int]],
    condition: str,
    forward: bool,
    limit: int | None,
    bound: str,
) -> None:
    values = {":pk": {"S": "x"}, **({":sk": {"S": bound}} if ":sk" in condition else {})}
    request = {
        "TableName": "rows",
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": forward,
        **({"Limit": limit} if limit is not None else {}),
    }
    for writes in (before, after):
        write(dynamodb, writes)
        assert pages(dynamodb._query, request) == pages(dynamodb._query.__wrapped__, request)


@pytest.mark.parametrize("keys", ["ab", "abc"])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_page_may_be_as_large_as_the_largest(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch, more: int, keys: str
) -> None:
    write(dynamodb, [(True, keys, key, 100) for key in keys])
    item = {"pk": {"S": keys}, "sk": {"S": "a"}, "filler": {"S": "." * 100}}
    size = 2 * dynamodb._item_size_bytes(item) + more
    monkeypatch.setattr(dynamodb, "_DDB_PAGE_SIZE_BYTES", size)
    request = {
        "TableName": "rows",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": keys}},
    }
    found = pages(dynamodb._query, request)
    assert found == pages(dynamodb._query.__wrapped__, request)
    assert found[0][1]["Count"] == (1 if more < 0 else 2)


@pytest.mark.parametrize(
    "change",
    [
        {"TableName": None},
        {"TableName": "missing"},
        {"KeyConditionExpression": None},
        {"KeyConditionExpression": "sk = :pk"},
        {"KeyConditionExpression": "pk = :pk AND size > :sk"},
        {"ExpressionAttributeValues": None},
        {"ExpressionAttributeValues": {":pk": {"N": "1"}}},
        {"ExpressionAttributeValues": {":pk": {"S": ""}}},
        {"ExpressionAttributeValues": {":pk": {"S": "x"}, ":more": {"S": "x"}}},
        {"Limit": -1},
        {"ExclusiveStartKey": {"pk": {"S": "x"}}},
        {"ExclusiveStartKey": {"pk": {"S": "y"}, "sk": {"S": "a"}}},
        {"IndexName": "missing"},
    ],
)
def test_invalid_requests_are_refused_as_before(dynamodb: Any, change: dict[str, Any]) -> None:
    write(dynamodb, [(True, "x", "a", 1)])
    request = {
        "TableName": "rows",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "x"}},
        **change,
    }
    assert dynamodb._query(request) == dynamodb._query.__wrapped__(request)


def test_a_page_compares_no_items_of_other_pages(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(dynamodb, [(True, "z", f"{number:04}", 1) for number in range(1000)])
    compared = []
    evaluate = dynamodb._evaluate_condition

    def count(expression: str, item: Any, *more: Any, **named: Any) -> Any:
        compared.append(item["sk"]["S"])
        return evaluate(expression, item, *more, **named)

    monkeypatch.setattr(dynamodb, "_evaluate_condition", count)
    _, _, body = dynamodb._query(
        {
            "TableName": "rows",
            "KeyConditionExpression": "pk = :pk AND sk > :sk",
            "ExpressionAttributeValues": {":pk": {"S": "z"}, ":sk": {"S": "0499"}},
            "Limit": 3,
        }
    )
    assert [item["sk"]["S"] for item in json.loads(body)["Items"]] == ["0500", "0501", "0502"]
    assert set(compared) == {"0500", "0501", "0502"}
