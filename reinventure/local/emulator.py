"""The emulator as the local cloud runs it: MiniStack 1.5.33, mended.

It leaves the writes of PartiQL statements out of the table's stream. `ingest` writes batches with
them, and `repair` what was missing: totals and change feed would never be told.

Of a version that is named it sends all, whatever range of it was asked for.

And it reads an expression's text anew for every item that it compares, which takes most of a query;
the condition on the partition too, by which it has found the items already.
"""

import importlib
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, wraps
from http import HTTPStatus
from typing import Any

app: Any = importlib.import_module("ministack.app").app

_dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
_in_statement = ContextVar("in_statement", default=False)

_PARTITION = re.compile(r"(pk) = (:[a-z]+)")
"""The whole of a condition that asks for one partition of a table of ours."""


def _tell_stream_of_statements() -> None:
    store = _dynamodb._set_item

    @wraps(store)
    def told(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        old = store(table, pk, sk, item)
        if _in_statement.get():
            name = "INSERT" if old is None else "MODIFY"
            _dynamodb._emit_stream_event(table["TableName"], name, old, item)
        return old

    def as_statement(run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def execute(*arguments: Any) -> Any:
            token = _in_statement.set(True)
            try:
                return run(*arguments)
            finally:
                _in_statement.reset(token)

        return execute

    _dynamodb._set_item = told
    for name in ("_partiql_insert", "_partiql_update"):
        setattr(_dynamodb, name, as_statement(getattr(_dynamodb, name)))


def _send_ranges_of_versions() -> None:
    s3: Any = importlib.import_module("ministack.services.s3")
    get = s3._get_object

    @wraps(get)
    def cut(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:
        status, reply, body = get(bucket, key, headers, query)
        wanted = headers.get("range")
        if status != HTTPStatus.OK or not wanted:
            return status, reply, body
        found = s3._parse_range(wanted, len(body))
        if found is None:
            error = s3._xml_body(s3._range_error_xml(bucket, key))
            return 416, {"Content-Type": "application/xml"}, error
        first, last = found
        # A checksum is of the whole.
        kept = {n: v for n, v in reply.items() if not n.lower().startswith("x-amz-checksum")}
        kept["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        kept["Content-Length"] = str(last - first + 1)
        return 206, kept, body[first : last + 1]

    s3._get_object = cut


def _read_expressions_once() -> None:
    words = lru_cache(_dynamodb._tokenize)
    _dynamodb._tokenize = lambda expression: list(words(expression))
    _dynamodb._condition_syntax_error = lru_cache(_dynamodb._condition_syntax_error)


def _compare_partitions_at_once() -> None:
    evaluate = _dynamodb._evaluate_condition

    @wraps(evaluate)
    def compare(expression: str, item: Any, values: Any, *more: Any, **named: Any) -> bool:
        match = _PARTITION.fullmatch(expression or "")
        wanted = values.get(match[2]) if match else None
        if match and wanted and "S" in wanted:
            return bool(item.get(match[1]) == wanted)
        return bool(evaluate(expression, item, values, *more, **named))

    _dynamodb._evaluate_condition = compare


_tell_stream_of_statements()
_send_ranges_of_versions()
_read_expressions_once()
_compare_partitions_at_once()
