"""The emulator as the laptop cloud runs it: MiniStack, mended where it loses what AWS does not.

MiniStack 1.5.33 leaves the writes of PartiQL statements out of the table's stream. `ingest` writes
batches with them, and `repair` what was missing: totals and change feed would never be told.
"""

import importlib
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

app: Any = importlib.import_module("ministack.app").app

_in_statement = ContextVar("in_statement", default=False)


def _tell_stream_of_statements() -> None:
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    store = dynamodb._set_item

    @wraps(store)
    def told(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        old = store(table, pk, sk, item)
        if _in_statement.get():
            name = "INSERT" if old is None else "MODIFY"
            dynamodb._emit_stream_event(table["TableName"], name, old, item)
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

    dynamodb._set_item = told
    for name in ("_partiql_insert", "_partiql_update"):
        setattr(dynamodb, name, as_statement(getattr(dynamodb, name)))


_tell_stream_of_statements()
