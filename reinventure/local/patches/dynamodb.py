"""Patches of the emulator's DynamoDB."""

import importlib
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any

from reinventure.local.patches.patch import patch


def _dynamodb() -> Any:
    return importlib.import_module("ministack.services.dynamodb")


@patch("1.5.33")
def partiql_writes_reach_the_stream() -> None:
    """Emit a stream record for each row that a PartiQL INSERT or UPDATE writes.

    Ingest and repair write batches of PartiQL statements; totals and the change feed read the
    stream.
    """
    dynamodb = _dynamodb()
    in_statement = ContextVar("in_statement", default=False)
    set_item = dynamodb._set_item

    @wraps(set_item)
    def set_and_emit(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        old = set_item(table, pk, sk, item)
        if in_statement.get():
            name = "INSERT" if old is None else "MODIFY"
            dynamodb._emit_stream_event(table["TableName"], name, old, item)
        return old

    def as_statement(run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def execute(*arguments: Any) -> Any:
            token = in_statement.set(True)
            try:
                return run(*arguments)
            finally:
                in_statement.reset(token)

        return execute

    dynamodb._set_item = set_and_emit
    for name in ("_partiql_insert", "_partiql_update"):
        setattr(dynamodb, name, as_statement(getattr(dynamodb, name)))


@patch("1.5.33")
def expressions_are_parsed_once() -> None:
    """Cache the tokens of an expression: a query parses it again for each item.

    For speed only. It took most of the time of a query.
    """
    dynamodb = _dynamodb()
    tokens = lru_cache(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokens(expression))
    dynamodb._condition_syntax_error = lru_cache(dynamodb._condition_syntax_error)


_PARTITION = re.compile(r"(pk) = (:[a-z]+)")
"""Key condition on a whole partition of a table of ours."""


@patch("1.5.33")
def partitions_are_compared_directly() -> None:
    """Compare the partition key of an item without evaluating an expression.

    For speed only. A query finds items by their partition, and then evaluates the key condition for
    each of them again.
    """
    dynamodb = _dynamodb()
    evaluate = dynamodb._evaluate_condition

    @wraps(evaluate)
    def compare(expression: str, item: Any, values: Any, *more: Any, **named: Any) -> bool:
        match = _PARTITION.fullmatch(expression or "")
        wanted = values.get(match[2]) if match else None
        if match and wanted and "S" in wanted:
            return bool(item.get(match[1]) == wanted)
        return bool(evaluate(expression, item, values, *more, **named))

    dynamodb._evaluate_condition = compare
