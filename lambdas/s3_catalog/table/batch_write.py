"""Writing many rows in batches, by the same rule: 25 PartiQL statements per request.

A statement costs DynamoDB as much as a PutItem, also if it is refused, and this process about a
nineteenth. But PartiQL has no put: an INSERT needs a new key, an UPDATE an existing one. So the
likelier of the two comes first, and the reason of each refusal decides what comes next. Likelier is
what most events of the same name needed in the request before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog import key_log
from s3_catalog.model import row as rows
from s3_catalog.model.event import MULTIPART_UPLOAD
from s3_catalog.model.order import TOLERANCE
from s3_catalog.model.timestamps import timestamp
from s3_catalog.table.item import OPTIONAL, from_item, to_item
from s3_catalog.table.store import Outcome, Store, log_decision

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        BatchStatementRequestTypeDef,
    )

    from s3_catalog.model.event import Event
    from s3_catalog.model.row import Row

SIZE = 25
"""Statements per request: DynamoDB's limit."""

_T = TypeVar("_T")
Result = Outcome | Exception


def write(store: Store, events: Sequence["Event"]) -> list[Result]:
    """Apply self-contained `events`, each of another key; return their results, in order.

    The result of an event that could not be applied is the exception; the others are applied.
    `store.existing` decides how many statements that takes, but never a result.
    """
    results: dict[int, Result] = {}
    singles: list[int] = []
    waiting = list(range(len(events)))
    # Each at most twice: an INSERT of an existing key becomes an UPDATE, and the reverse.
    second: dict[int, bool] = {}
    while waiting:
        chunk, waiting = waiting[:SIZE], waiting[SIZE:]
        inserts = [second.get(n, _probably_new(store, events[n])) for n in chunk]
        statements = [
            _statement(store, events[n], insert=insert)
            for n, insert in zip(chunk, inserts, strict=True)
        ]
        balance: Counter[str] = Counter()
        for n, insert, (code, old) in zip(chunk, inserts, _execute(store, statements), strict=True):
            existed = _existed(code, old, insert=insert)
            first = n not in second
            if first and existed is not None:
                balance[events[n].name] += 1 if existed else -1
            if code is None:
                results[n] = Outcome.WRITTEN
            elif first and existed == insert:
                second[n] = not insert
                waiting.append(n)
            elif existed and _superseded(store, events[n], old):
                results[n] = Outcome.SUPERSEDED
            else:
                # Throttled, in conflict, changed between the attempts, or the condition of the
                # UPDATE is too strict: a single write decides by the full rule, with retries.
                singles.append(n)
            if key_log.ENABLED:
                _log(events[n], results.get(n), old, insert=insert)
        store.existing |= {name: lead > 0 for name, lead in balance.items() if lead}
    for n in singles:
        try:
            results[n] = store.write(events[n])
        except (ClientError, BotoCoreError) as error:
            results[n] = error
    return [results[n] for n in range(len(events))]


def insert(store: Store, missing: Sequence["Row"]) -> list["Row"]:
    """Insert `missing` rows, each of another key; return those whose key has a row already.

    An existing row stays, also a tombstone. Raises botocore's ClientError or BotoCoreError when
    DynamoDB does not answer; rows inserted before that stay.
    """
    refused = []
    for chunk in chunks(missing, SIZE):
        replies = _execute(store, [_insert(store, row) for row in chunk])
        for row, (code, _) in zip(chunk, replies, strict=True):
            if code is not None and (code == "DuplicateItem" or not store.replace(None, row)):
                refused.append(row)
    return refused


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield `items` in lists of `size`; the last one may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _log(
    event: "Event",
    result: Result | None,
    old: "dict[str, AttributeValueTypeDef] | None",
    *,
    insert: bool,
) -> None:
    if isinstance(result, Outcome):
        # A statement that succeeds returns no row: of an INSERT, there was none.
        written = result is Outcome.WRITTEN
        clause = "EVENT_IS_NEWER" if written and not insert else None
        log_decision(event, result, from_item(old) if old else None, clause)


def _probably_new(store: Store, event: "Event") -> bool:
    # At first, objects are probably new, and what is deleted probably exists.
    return not store.existing.get(event.name, event.content is None)


def _existed(
    code: str | None, old: "dict[str, AttributeValueTypeDef] | None", *, insert: bool
) -> bool | None:
    """Return whether the key of a statement had a row; None if its reply does not show it."""
    if code is None:
        return not insert
    if code == "ConditionalCheckFailed":
        return old is not None
    return True if code == "DuplicateItem" else None


def _superseded(
    store: Store, event: "Event", old: "dict[str, AttributeValueTypeDef] | None"
) -> bool:
    return old is not None and store.supersedes(from_item(old), event)


def _execute(
    store: Store, statements: "list[BatchStatementRequestTypeDef]"
) -> "list[tuple[str | None, dict[str, AttributeValueTypeDef] | None]]":
    """Run `statements`; return for each the error code, or None, and the item that refused it."""
    try:
        replies = store.client.batch_execute_statement(Statements=statements)["Responses"]
    except (ClientError, BotoCoreError):
        return [("NotExecuted", None)] * len(statements)
    errors = [reply.get("Error", {}) for reply in replies]
    return [(error.get("Code"), error.get("Item")) for error in errors]


def _statement(store: Store, event: "Event", *, insert: bool) -> "BatchStatementRequestTypeDef":
    row = rows.from_event(event)
    return _insert(store, row) if insert else _update(store, row)


def _insert(store: Store, row: "Row") -> "BatchStatementRequestTypeDef":
    item = to_item(row, store.shards)
    return {
        "Statement": f'INSERT INTO "{store.table}" VALUE {_fields(tuple(item))}',
        "Parameters": list(item.values()),
    }


@lru_cache
def _fields(names: tuple[str, ...]) -> str:
    return "{" + ", ".join(f"'{name}': ?" for name in names) + "}"


def _update(store: Store, row: "Row") -> "BatchStatementRequestTypeDef":
    """Return an UPDATE that replaces the whole row, like a put.

    Its condition is stricter than the rule, for it has no parentheses: it refuses each row that
    holds the result of a lookup; for an upload also each row of the seconds before it, and for any
    other event each row of an upload.
    """
    item = to_item(row, store.shards)
    partition, key = item.pop("pk"), item.pop("sk")
    happened = datetime.fromisoformat(row.event_time)
    times: list[AttributeValueTypeDef]
    if row.event_name == MULTIPART_UPLOAD:
        agree, times = '"event_time" < ?', [{"S": timestamp(happened - TOLERANCE)}]
    else:
        agree = '"event_time" <= ? AND "event_name" <> ?'
        times = [{"S": timestamp(happened + TOLERANCE)}, {"S": MULTIPART_UPLOAD}]
    return {
        "Statement": (
            f'UPDATE "{store.table}" {_changes(tuple(item))} WHERE "pk" = ? AND "sk" = ?'
            f' AND "sequencer" < ? AND {agree} AND "asked_at" IS MISSING'
        ),
        "Parameters": [*item.values(), partition, key, item["sequencer"], *times],
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


@lru_cache
def _changes(names: tuple[str, ...]) -> str:
    sets = [f'SET "{name}" = ?' for name in names]
    return " ".join(sets + [f'REMOVE "{name}"' for name in OPTIONAL if name not in names])
