"""What was found inside an object, as its row holds it."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one version of an object contains. None stands for what does not apply to it.

    `inspected_at` is UTC as ISO 8601 text. `sha256` is of all bytes, hexadecimal. `content_type`
    is what the bytes say, whatever the uploader said. `encoding` and `lines` are of text. `rows`
    counts the records of a table, a CSV's header too, and `columns` the fields of a record.
    `width` and `height` are pixels, `taken` is when a camera says that a picture was taken, ISO
    8601 without a zone. `error` says why something that belongs here is missing.
    """

    inspected_at: str
    sha256: str | None = None
    content_type: str | None = None
    encoding: str | None = None
    lines: int | None = None
    columns: int | None = None
    rows: int | None = None
    width: int | None = None
    height: int | None = None
    taken: str | None = None
    error: str | None = None


def to_value(inspection: Inspection) -> "AttributeValueTypeDef":
    """Return `inspection` as a DynamoDB map; what is None is left out."""
    value: dict[str, AttributeValueTypeDef] = {}
    for field in fields(inspection):
        known = getattr(inspection, field.name)
        if isinstance(known, int):
            value[field.name] = {"N": str(known)}
        elif known is not None:
            value[field.name] = {"S": known}
    return {"M": value}


def from_value(value: "AttributeValueTypeDef") -> Inspection:
    """Return the inspection that `to_value` wrote; names of a later version are left out."""
    known: Mapping[str, AttributeValueTypeDef] = value["M"]
    found: dict[str, str | int] = {}
    for field in fields(Inspection):
        if field.name in known:
            kept = known[field.name]
            found[field.name] = int(kept["N"]) if "N" in kept else kept["S"]
    return Inspection(**found)  # type: ignore[arg-type]
