"""The form of a search: what the command `find` takes, with each mistake beside its field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reinventure import values
from reinventure.console.markup import Child, Element
from reinventure.console.markup import element as e
from reinventure.console.place import Place, folder_text
from reinventure.console.row_search import Search
from reinventure.library import MISSING_WHEN_DELETED
from reinventure.printable import printable
from s3_catalog.model import object_key
from s3_catalog.table.row_query import Filter

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, as in `Filter`, its label, what one writes in it, and how it is read."""

    name: str
    label: str
    example: str
    read: Callable[[str], object]


FIELDS = (
    Field("suffix", "Ends with", ".jpg", str),
    Field("larger", "Larger than", "10k, 1.5GB", values.size),
    Field("smaller", "Smaller than", "1, 2MiB", values.size),
    Field("newer", "Changed since", "24h, 2026-01-31", values.instant),
    Field("older", "Last changed before", "7d, 2026-01-31", values.instant),
    Field("storage_class", "Storage class", "GLACIER", values.storage_class),
    Field("by", "Last changed by", "principal id, session or account", values.requester),
    Field("content_type", "Content type", "text/csv, image/*", values.content_type),
    Field("sha256", "SHA-256", "64 hexadecimal digits", values.sha256),
    Field("wider", "Wider than, pixels", "4000", values.whole_number),
    Field("rows_over", "More rows than", "1000", values.whole_number),
    Field("limit", "At most", "100", partial(values.whole_number, minimum=1)),
)
"""The fields of one line of text, in the order of the form."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as it was sent: the `search`, None if something is wrong, and `errors` by field."""

    search: Search | None
    errors: Mapping[str, str] = field(default_factory=dict)
    used: bool = False
    """Whether any field has a value."""


def read(form: Form, place: Place, buckets: tuple[str, ...]) -> Asked:
    """Return what `form` asks for at `place` of a catalog with `buckets`."""
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for each in FIELDS:
        if text := form.get(each.name, "").strip():
            try:
                found[each.name] = each.read(text)
            except ValueError as error:
                errors[each.name] = _sentence(error)
    begins, prefix = form.get("begins", ""), place.folder + form.get("begins", "")
    try:
        prefix = prefix and object_key.check(prefix)
    except ValueError as error:
        errors["begins"] = _sentence(error)
    deleted, everywhere = "deleted" in form, "everywhere" in form
    if deleted:
        for name in found.keys() & MISSING_WHEN_DELETED.keys():
            errors[name] = f"A deleted object has no {MISSING_WHEN_DELETED[name]}."
    used = bool(found or errors or begins or deleted or everywhere)
    if errors:
        return Asked(None, errors, used)
    suffix, limit = found.pop("suffix", ""), found.pop("limit", None)
    chosen = buckets if everywhere else (place.bucket,)
    wanted = Filter(deleted=deleted, **found)
    return Asked(Search(chosen, prefix, suffix, wanted, limit), used=used)


def element(form: Form, place: Place, buckets: tuple[str, ...], asked: Asked, path: str) -> Element:
    """Return the form, as it was sent, which leads to `path`."""
    return e(
        "details",
        e("summary", "Find objects"),
        e(
            "form",
            e("input", type="hidden", name="bucket", value=place.bucket),
            e("input", type="hidden", name="folder", value=folder_text(place.folder)),
            e(
                "div",
                _text_field(_begins(place), form, asked),
                (_text_field(each, form, asked) for each in FIELDS),
                class_="fields",
            ),
            e(
                "div",
                _box("deleted", "Deleted objects, of the last 60 days", form),
                _box("everywhere", "In every bucket", form) if len(buckets) > 1 else None,
                e("button", "Find", class_="go"),
                e("a", "Clear", href=place.address(path), class_="button") if asked.used else None,
                class_="row",
            ),
            e(
                "p",
                "Only where the key begins reduces what is read and paid for. Content is known of "
                "objects that were inspected.",
                class_="soft hint",
            ),
            action=path,
            role="search",
            aria_label="Find objects",
        ),
        open=asked.used,
        class_="find",
    )


def _begins(place: Place) -> Field:
    where = f"{place.folder}…" if place.folder else "holiday/"
    return Field("begins", "Begins with", printable(where), str)


def _text_field(each: Field, form: Form, asked: Asked) -> Child:
    error = asked.errors.get(each.name)
    note = f"find-{each.name}-note"
    return e(
        "p",
        e("label", each.label, for_=f"find-{each.name}"),
        e(
            "input",
            id=f"find-{each.name}",
            name=each.name,
            value=form.get(each.name, ""),
            placeholder=each.example,
            autocomplete="off",
            autocapitalize="none",
            spellcheck="false",
            aria_invalid="true" if error else None,
            aria_describedby=note if error else None,
        ),
        e("span", error, id=note, class_="wrong") if error else None,
    )


def _box(name: str, label: str, form: Form) -> Element:
    return e(
        "label",
        e("input", type="checkbox", name=name, value="yes", checked=name in form),
        f" {label}",
        class_="box",
    )


def _sentence(error: ValueError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
