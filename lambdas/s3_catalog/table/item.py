"""Rows as DynamoDB items."""

from dataclasses import fields
from typing import TYPE_CHECKING

from s3_catalog.model import object_key
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

REQUIRED = ("sequencer", "event_time", "event_name")
OPTIONAL = ("version_id", "size", "etag", "expires_at", "asked_at", "inspected")
"""The attributes of a row besides its key, always there and not always."""


def to_item(row: Row, shards: int) -> "dict[str, AttributeValueTypeDef]":
    """Return `row` as a DynamoDB item; attributes without a value are left out."""
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
    """Return the row that a DynamoDB item written by `to_item` holds."""

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    def number(name: str) -> int | None:
        return int(item[name]["N"]) if name in item else None

    return Row(
        bucket=item["pk"]["S"].split("#", 1)[0],
        key=item["sk"]["S"],
        sequencer=item["sequencer"]["S"],
        event_time=item["event_time"]["S"],
        event_name=item["event_name"]["S"],
        version_id=text("version_id"),
        size=number("size"),
        etag=text("etag"),
        expires_at=number("expires_at"),
        asked_at=number("asked_at"),
        inspected=from_value(item["inspected"]) if "inspected" in item else None,
    )


def to_value(inspection: InspectionResult) -> "AttributeValueTypeDef":
    """Return `inspection` as a DynamoDB map; what is None is left out."""
    value: dict[str, AttributeValueTypeDef] = {}
    for field in fields(inspection):
        known = getattr(inspection, field.name)
        if isinstance(known, int):
            value[field.name] = {"N": str(known)}
        elif known is not None:
            value[field.name] = {"S": known}
    return {"M": value}


def from_value(value: "AttributeValueTypeDef") -> InspectionResult:
    """Return the inspection that `to_value` wrote; names of a later version are left out."""
    known: Mapping[str, AttributeValueTypeDef] = value["M"]
    found: dict[str, str | int] = {}
    for field in fields(InspectionResult):
        if field.name in known:
            kept = known[field.name]
            found[field.name] = int(kept["N"]) if "N" in kept else kept["S"]
    return InspectionResult(**found)  # type: ignore[arg-type]
