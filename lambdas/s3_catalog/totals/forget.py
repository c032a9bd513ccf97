"""Deleting totals that are zero: of a bucket that left the scope, and of folders without objects.

A folder has an item for each counter shard that counted a change of it. Their sum is zero, but each
may be anything. So the items of a folder go in one transaction. If they are too many for one, their
counts move into one of them before: at no moment the sum differs, whatever fails.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from s3_catalog.table.batch_write import chunks
from s3_catalog.totals.tally import level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

    from s3_catalog.totals.totals_table import TotalsTable

    Item = Mapping[str, AttributeValueTypeDef]

MAX_ACTIONS = 100
"""Actions in one transaction: DynamoDB's limit."""

_COUNTS = ("objects", "bytes", "own_objects", "own_bytes", "own_changes")
_SUMS = _COUNTS[:4]
_NAMES = {f"#{name}": name for name in _COUNTS}
"""`bytes` is a reserved word."""

_CHANGED = {"None", "ConditionalCheckFailed", "TransactionConflict"}
"""The codes of a transaction in which an item has changed, or is just written."""


def forget(totals: "TotalsTable", bucket: str) -> bool:
    """Delete the totals of `bucket` that are zero; return whether none is left.

    Only while no change of the bucket is on its way, so after a recount. An item goes only
    unchanged: a change that is counted meanwhile stays counted.

    The total of the bucket goes last: as long as anything is left, `totals.has` finds the bucket.
    Idempotent. Raises botocore's ClientError or BotoCoreError.
    """
    return all(
        _forget(totals, bucket, "", levels).all for levels in (range(1, totals.depth + 1), range(1))
    )


def forget_empty(totals: "TotalsTable", bucket: str, prefix: str) -> int:
    """Delete the totals of the folders under `prefix` that are zero; return how many items.

    Safe while changes are counted, as it changes no sum; a folder that changes meanwhile may stay.
    The total of the bucket stays: it has the newest event, and `totals.has` asks for it. An item
    takes two write units, once. Idempotent. Raises botocore's ClientError or BotoCoreError.
    """
    levels = range(max(1, level(prefix)), totals.depth + 1)
    return _forget(totals, bucket, prefix, levels).items


@dataclass(slots=True)
class _Forgotten:
    """How many `items` were deleted, and whether these are `all`."""

    items: int = 0
    all: bool = True


def _forget(totals: "TotalsTable", bucket: str, prefix: str, levels: range) -> _Forgotten:
    """Delete the totals of the folders of `levels` under `prefix` that are zero."""
    done, pending = _Forgotten(), list["Item"]()

    def delete() -> None:
        if pending and _transact(totals, [_delete(totals, item) for item in pending]):
            done.items += len(pending)
        elif pending:
            done.all = False
        pending.clear()

    for _, found in totals.each(bucket, prefix, levels):
        items: Sequence[Item] = list(found)
        if any(sum(_count(item, name) for item in items) for name in _SUMS):
            done.all = False
            continue
        if len(items) > MAX_ACTIONS:
            moved = _gathered(totals, items)
            done.items += len(items) - 1 if moved else 0
            done.all, items = done.all and moved is not None, [moved] if moved else []
        if len(pending) + len(items) > MAX_ACTIONS:
            delete()
        pending.extend(items)
    delete()
    return done


def _gathered(totals: "TotalsTable", items: "Sequence[Item]") -> "Item | None":
    """Move the counts of `items` into the first; return it, or None if one has changed."""
    first = items[0]
    for chunk in chunks(items[1:], MAX_ACTIONS - 1):
        grown = _sum([first, *chunk])
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": totals.table,
                "Item": {**_key(first), **grown},
                "ConditionExpression": _unchanged(first),
                "ExpressionAttributeNames": _NAMES,
                "ExpressionAttributeValues": _values(first),
            }
        }
        if not _transact(totals, [put, *(_delete(totals, item) for item in chunk)]):
            return None
        first = {**_key(first), **grown}
    return first


def _sum(items: "Sequence[Item]") -> "dict[str, AttributeValueTypeDef]":
    return {name: {"N": str(sum(_count(item, name) for item in items))} for name in _COUNTS}


def _count(item: "Item", name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _key(item: "Item") -> "dict[str, AttributeValueTypeDef]":
    return {"pk": item["pk"], "sk": item["sk"]}


def _delete(totals: "TotalsTable", item: "Item") -> "TransactWriteItemTypeDef":
    return {
        "Delete": {
            "TableName": totals.table,
            "Key": _key(item),
            "ConditionExpression": _unchanged(item),
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": _values(item),
        }
    }


def _unchanged(item: "Item") -> str:
    """Return the condition that the item still has the counts with which it was read."""
    return " AND ".join(
        f"#{name} = :{name}" if name in item else f"attribute_not_exists(#{name})"
        for name in _COUNTS
    )


def _values(item: "Item") -> "dict[str, AttributeValueTypeDef]":
    return {f":{name}": item[name] for name in _COUNTS if name in item}


def _transact(totals: "TotalsTable", items: "list[TransactWriteItemTypeDef]") -> bool:
    """Write `items`, or none if one of them has changed or is just written; return whether."""
    try:
        totals.client.transact_write_items(TransactItems=items)
    except totals.client.exceptions.TransactionCanceledException as refusal:
        # botocore's type of the error lacks the reasons.
        reasons = cast("list[dict[str, object]]", refusal.response["CancellationReasons"])
        if {reason.get("Code") for reason in reasons} <= _CHANGED:
            return False
        raise
    return True
