"""The write units of requests, by DynamoDB's prices."""

from types import SimpleNamespace
from typing import Any

import pytest

from bench.counted_client import CountedClient


class RefusedError(Exception):
    """As DynamoDB refuses a write."""


def refuse(**_: Any) -> None:
    raise RefusedError


ITEM = {"Item": {"pk": {"S": "p"}}}
STATEMENT = {"Statement": "INSERT", "Parameters": [{"S": "p"}]}


@pytest.mark.parametrize(
    ("operation", "request_", "units"),
    [
        ("put_item", ITEM, 1),
        ("update_item", {"Key": {}, "ExpressionAttributeValues": {}}, 1),
        ("delete_item", {"Key": {}}, 1),
        ("batch_execute_statement", {"Statements": [STATEMENT] * 25}, 25),
        ("transact_write_items", {"TransactItems": [{"Put": ITEM}, {"Update": {"Key": {}}}]}, 4),
        ("get_item", {"Key": {}}, 0),
        ("query", {}, 0),
    ],
)
def test_each_operation_has_its_units(operation: str, request_: Any, units: int) -> None:
    client = CountedClient(SimpleNamespace(**{operation: lambda **_: "reply"}))
    assert getattr(client, operation)(**request_) == "reply"
    assert client.units == units


def test_a_refused_write_costs_a_unit() -> None:
    client = CountedClient(SimpleNamespace(put_item=refuse))
    with pytest.raises(RefusedError):
        client.put_item(**ITEM)
    assert client.units == 1


def test_an_operation_without_known_units_is_an_error() -> None:
    client = CountedClient(SimpleNamespace(batch_write_item=lambda **_: None))
    with pytest.raises(ValueError, match="batch_write_item"):
        client.batch_write_item(RequestItems={})


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_item", {"Item": {"pk": {"S": "p" * 1025}}}),
        ("update_item", {"Key": {}, "ExpressionAttributeValues": {":v": {"S": "p" * 1025}}}),
        ("batch_execute_statement", {"Statements": [{"Parameters": [{"S": "p" * 1025}]}]}),
        ("transact_write_items", {"TransactItems": [{"Put": {"Item": {"pk": "p" * 1025}}}]}),
    ],
)
def test_a_write_of_more_than_a_unit_is_an_error(operation: str, request_: Any) -> None:
    client = CountedClient(SimpleNamespace(**{operation: lambda **_: None}))
    with pytest.raises(ValueError, match="several units"):
        getattr(client, operation)(**request_)


def test_exceptions_are_those_of_the_client() -> None:
    assert CountedClient(SimpleNamespace(exceptions="classes")).exceptions == "classes"
