"""Deleting the totals of a bucket that left the scope, once they are zero.

A folder has an item for each counter shard that counted a change of it. Their sum is zero, but each
may be anything. So the items of a folder go in one transaction. If they are too many for one, their
counts move into one of them before: at no moment the sum differs, whatever fails.
"""

from typing import TYPE_CHECKING, cast

from s3_catalog.table.batch_write import chunks

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
    for levels in (range(1, totals.depth + 1), range(1)):
        gone, pending = True, list["Item"]()
        for _, found in totals.each(bucket, "", levels):
            items: Sequence[Item] = list(found)
            if any(sum(_count(item, name) for item in items) for name in _SUMS):
                gone = False
                continue
            if len(items) > MAX_ACTIONS:
                moved = _gathered(totals, items)
                gone, items = gone and moved is not None, [moved] if moved else []
            if len(pending) + len(items) > MAX_ACTIONS:
                gone = _transact(totals, [_delete(totals, item) for item in pending]) and gone
                pending = []
            pending.extend(items)
        if pending:
            gone = _transact(totals, [_delete(totals, item) for item in pending]) and gone
        if not gone:
            return False
    return True


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
