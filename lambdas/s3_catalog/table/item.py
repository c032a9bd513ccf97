"""Rows as DynamoDB items."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from s3_catalog.model import object_key
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

REQUIRED = ("sequencer", "event_time", "event_name")
OPTIONAL = (
    *("version_id", "size", "etag", "expires_at", "asked_at", "healed_at", "inspected"),
    *("requester", "source_ip", "storage_class", "checksum_algorithm", "restore"),
)
"""The attributes of an item besides its key: those of every row, and those of some."""

_NONE = {"S": None}
"""The value of an attribute that an item does not have."""


def to_item(row: Row, shards: int) -> "dict[str, AttributeValueTypeDef]":
    """Return `row` as a DynamoDB item, without attributes for what is None."""
    item: dict[str, AttributeValueTypeDef] = {
        "pk": {"S": object_key.partition(row.bucket, row.key, shards)},
        "sk": {"S": row.key},
    }
    for name in (*REQUIRED, *OPTIONAL):
        value = getattr(row, name)
        if isinstance(value, int):
            item[name] = {"N": str(value)}
        elif isinstance(value, InspectionResult):
            item[name] = to_value(value)
        elif value is not None:
            item[name] = {"S": value}
    return item


def from_item(item: "Mapping[str, AttributeValueTypeDef]") -> Row:
    """Return the row in a DynamoDB item that `to_item` made."""
    get: Callable[..., Any] = item.get
    return Row(
        item["pk"]["S"].split("#", 1)[0],
        item["sk"]["S"],
        item["sequencer"]["S"],
        item["event_time"]["S"],
        item["event_name"]["S"],
        get("version_id", _NONE)["S"],
        _number(get("size")),
        get("etag", _NONE)["S"],
        _number(get("expires_at")),
        _number(get("asked_at")),
        _number(get("healed_at")),
        from_value(item["inspected"]) if "inspected" in item else None,
        get("requester", _NONE)["S"],
        get("source_ip", _NONE)["S"],
        get("storage_class", _NONE)["S"],
        get("checksum_algorithm", _NONE)["S"],
        get("restore", _NONE)["S"],
    )


def _number(value: Any) -> int | None:
    return value and int(value["N"])


def to_value(inspection: InspectionResult) -> "AttributeValueTypeDef":
    """Return `inspection` as a DynamoDB map, without entries for what is None."""
    entries: dict[str, AttributeValueTypeDef] = {}
    for field in fields(inspection):
        value = getattr(inspection, field.name)
        if isinstance(value, int):
            entries[field.name] = {"N": str(value)}
        elif value is not None:
            entries[field.name] = {"S": value}
    return {"M": entries}


def from_value(value: "AttributeValueTypeDef") -> InspectionResult:
    """Return the inspection result in a map of `to_value`, without entries of later versions."""
    entries: Mapping[str, AttributeValueTypeDef] = value["M"]
    values: dict[str, str | int] = {}
    for field in fields(InspectionResult):
        if field.name in entries:
            entry = entries[field.name]
            values[field.name] = int(entry["N"]) if "N" in entry else entry["S"]
    return InspectionResult(**values)  # type: ignore[arg-type]
