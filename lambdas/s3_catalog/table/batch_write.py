"""Writing many rows in batches, by the same rule: 25 PartiQL statements per request.

A statement costs DynamoDB as much as a PutItem, and this process about a nineteenth. But PartiQL
has no put: an INSERT needs a new key, an UPDATE an existing one. So the likelier of the two comes
first, and the reason of each refusal decides what comes next.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
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
    """
    results: dict[int, Result] = {}
    singles: list[int] = []
    # At most two rounds: an INSERT of an existing key becomes an UPDATE, and the reverse.
    inserting = [n for n, event in enumerate(events) if event.content is not None]
    updating = [n for n, event in enumerate(events) if event.content is None]
    for last in (False, True):
        to_insert, to_update = inserting, updating
        inserting, updating = [], []
        work = [(n, True) for n in to_insert] + [(n, False) for n in to_update]
        for chunk in chunks(work, SIZE):
            statements = [_statement(store, events[n], insert=insert) for n, insert in chunk]
            replies = _execute(store, statements)
            for (n, insert), (code, old) in zip(chunk, replies, strict=True):
                if code is None:
                    results[n] = Outcome.WRITTEN
                elif insert and code == "DuplicateItem" and not last:
                    updating.append(n)
                elif not insert and code == "ConditionalCheckFailed" and old is None and not last:
                    inserting.append(n)
                elif code == "ConditionalCheckFailed" and _superseded(store, events[n], old):
                    results[n] = Outcome.SUPERSEDED
                else:
                    # Throttled, in conflict, changed between the rounds, or the condition of the
                    # UPDATE is too strict: a single write decides by the full rule, with retries.
                    singles.append(n)
                _log(events[n], results.get(n), old, insert=insert)
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
    if isinstance(result, Outcome) and key_log.ENABLED:
        # A statement that succeeds returns no row: of an INSERT, there was none.
        written = result is Outcome.WRITTEN
        clause = "EVENT_IS_NEWER" if written and not insert else None
        log_decision(event, result, from_item(old) if old else None, clause)


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
    fields = ", ".join(f"'{name}': ?" for name in item)
    return {
        "Statement": f'INSERT INTO "{store.table}" VALUE {{{fields}}}',
        "Parameters": list(item.values()),
    }


def _update(store: Store, row: "Row") -> "BatchStatementRequestTypeDef":
    """Return an UPDATE that replaces the whole row, like a put.

    Its condition is stricter than the rule, for it has no parentheses: it refuses each row that
    holds the result of a lookup; for an upload also each row of the seconds before it, and for any
    other event each row of an upload.
    """
    item = to_item(row, store.shards)
    partition, key = item.pop("pk"), item.pop("sk")
    changes = " ".join(f'SET "{name}" = ?' for name in item)
    removals = " ".join(f'REMOVE "{name}"' for name in OPTIONAL if name not in item)
    happened = datetime.fromisoformat(row.event_time)
    times: list[AttributeValueTypeDef]
    if row.event_name == MULTIPART_UPLOAD:
        agree, times = '"event_time" < ?', [{"S": timestamp(happened - TOLERANCE)}]
    else:
        agree = '"event_time" <= ? AND "event_name" <> ?'
        times = [{"S": timestamp(happened + TOLERANCE)}, {"S": MULTIPART_UPLOAD}]
    return {
        "Statement": (
            f'UPDATE "{store.table}" {changes} {removals} WHERE "pk" = ? AND "sk" = ?'
            f' AND "sequencer" < ? AND {agree} AND "asked_at" IS MISSING'
        ),
        "Parameters": [*item.values(), partition, key, item["sequencer"], *times],
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
