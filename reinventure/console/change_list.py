"""The list of changes: a row of each, which `live.js` makes from the same template."""

from collections.abc import Mapping, Sequence
from typing import cast

from reinventure.console import pages
from reinventure.console.markup import Element
from reinventure.console.markup import element as e

Change = Mapping[str, object]


def change_list(changes: Sequence[Change], bucket: str) -> Element:
    """Return the list of `changes`, newest first, with the template of a row.

    Without one it says how to make the first, in `bucket`.
    """
    return e(
        "div",
        e("template", _row({}), data_template="change"),
        e("ol", map(_row, changes), class_="changes", role="list", data_changes=True),
        e(
            "p",
            "No change has come since the console was started. ",
            e("a", "Drop a file on the catalog", href=pages.CATALOG),
            ", or put one into a bucket, and see it here: ",
            e("code", f"aws s3 cp lake.jpg s3://{bucket}/holiday/"),
            class_="empty",
            hidden=bool(changes),
        ),
    )


def _row(change: Change) -> Element:
    texts = cast("Mapping[str, str]", change.get("texts", dict.fromkeys(_FIELDS, "")))
    return e(
        "li",
        e("time", texts["time"], data_field="time"),
        e("b", texts["kind"], data_field="kind", data_kind=texts["kind"]),
        e("a", texts["key"], class_="key", data_field="key", href=str(change.get("href", ""))),
        e("span", texts["size"], class_="number", data_field="size"),
        e("span", texts["delay"], class_="number soft", data_field="delay"),
    )


_FIELDS = ("time", "kind", "key", "size", "delay")
