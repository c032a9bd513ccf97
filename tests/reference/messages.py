"""The page of events and messages: what the catalog follows, and what its change feed sends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reinventure.event_patterns import DETAIL_TYPES
from tests.assembly import ROOT
from tests.reference.markdown import code, head, table

SCHEMA = ROOT / "docs" / "change.schema.json"

_REFERENCE = "#/$defs/"
_WORDS = {"minLength": "length at least", "maxLength": "length at most", "minimum": "at least"}


def page(assembly: Path) -> str:
    """Return the page for the templates in `assembly`."""
    schema = json.loads(SCHEMA.read_text())
    state, time = schema["$defs"]["state"], schema["$defs"]["time"]
    return (
        head(
            "Events and messages",
            "docs/change.schema.json, the templates and reinventure/event_patterns.py",
        )
        + "## Events of S3 that the catalog follows\n\n"
        "Those of the bucket of its own, with the transports `lambda`, `sqs` and `sns`, are"
        " notifications of these types:\n\n"
        + "".join(f"- `{each}`\n" for each in _notifications(assembly))
        + "\nThose of attached buckets, and of its own with the transport `eventbridge`, are events"
        " of the source `aws.s3` with\nthese detail types:\n\n"
        + "".join(f"- `{each}`\n" for each in DETAIL_TYPES)
        + "\n## A message of the change feed\n\n"
        f"{schema['description']} The schema is [{SCHEMA.name}](../{SCHEMA.name}); order,"
        " duplicates and filters are in\n[changes.md](../changes.md).\n\n"
        + table(("field", "type", "there", "meaning"), _rows(schema))
        + "## The object in `old` and `new`\n\n"
        + table(("field", "type", "there", "meaning"), _rows(state))
        + f"A time has the form `{time['pattern']}`, in UTC.\n"
    )


def _notifications(assembly: Path) -> Iterator[str]:
    """Return the types of events that the bucket of its own sends to a queue or function."""
    template = json.loads((assembly / "Catalog.template.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "Custom::S3BucketNotifications":
            configured = resource["Properties"]["NotificationConfiguration"]
            for destination in configured["QueueConfigurations"]:
                yield from destination["Events"]


def _rows(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, field in schema["properties"].items():
        there = "always" if name in schema["required"] else "optional"
        yield code(name), _type(field), there, field.get("description", "")


def _type(field: dict[str, Any]) -> str:
    """Return the type of a field of the schema in words."""
    match field:
        case {"const": value}:
            return code(json.dumps(value))
        case {"enum": values}:
            return ", ".join(code(json.dumps(each)) for each in values)
        case {"$ref": reference}:
            return str(reference).removeprefix(_REFERENCE)
        case {"oneOf": choices}:
            return " or ".join(_type(each) for each in choices)
        case {"type": "array", "items": items}:
            return f"array of {_type(items)}"
        case {"type": kinds}:
            words = " or ".join(kinds if isinstance(kinds, list) else [kinds])
            limits = [f"{word} {field[name]}" for name, word in _WORDS.items() if name in field]
            return ", ".join([words, *limits])
    raise ValueError(f"a field of the schema without a type: {field}")
