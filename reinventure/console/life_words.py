"""The sentences of a key's life: an event, a decision with its reason, and what followed."""

from collections.abc import Mapping
from typing import Any

from rich import filesize

from s3_catalog.model.row import OUT_OF_SCOPE, RECONCILED

_TITLES = {
    "ObjectCreated:Put": "Put",
    "ObjectCreated:Post": "Posted by a form",
    "ObjectCreated:Copy": "Copied here",
    "ObjectCreated:CompleteMultipartUpload": "Multipart upload completed",
    "ObjectRemoved:Delete": "Version removed",
    "ObjectRemoved:DeleteMarkerCreated": "Deleted",
    "LifecycleExpiration:Delete": "Removed by a lifecycle rule",
    "LifecycleExpiration:DeleteMarkerCreated": "Deleted by a lifecycle rule",
    RECONCILED: "Compared with S3",
    OUT_OF_SCOPE: "Left the scope",
}

_REFUSED = {
    "TIMES_AGREE": "its sequencer is later, but its time is earlier by more than ten seconds",
    "NOT_OF_AN_UPLOAD": "the row is of a multipart upload that overlaps with it",
    "LOOKED_UP_BEFORE_EVENT": "the row has the result of a lookup that may be later",
    "NEVER_HEALED": "the row was healed, and an event would remove the mark",
    "EVENT_IS_NEWER": "sequencers and times contradict each other",
}
"""Why a clause that does not hold leaves an event undecided."""

CLAUSES = {
    "ROW_MISSING": "The key has no row, not even a tombstone.",
    "EVENT_IS_NEWER": "The row has the sequencer of an earlier event.",
    "TIMES_AGREE": "The time of the row's event is at most ten seconds later than the event's.",
    "NOT_OF_AN_UPLOAD": "The row is not of a completed multipart upload.",
    "LOOKED_UP_BEFORE_EVENT": "The lookup whose result the row holds was before the event.",
    "NEVER_HEALED": "The row keeps no mark of a heal.",
    "ROW_UNCHANGED": "The row is the same event's as when it was read, before the lookup.",
    "LOOKED_UP_ROW_UNCHANGED": "The row is the same lookup's as when it was read.",
}
"""What each clause of `s3_catalog.table.conditions` says of the row."""

_INSPECTIONS = {
    "recorded": "The result is in the row.",
    "already recorded": "The row had the result already.",
    "gone": "The object was deleted or replaced meanwhile.",
    "too large": "It is too large for the function: a worker inspects it.",
}


def event_title(line: Mapping[str, Any]) -> str:
    """Return what happened at S3, from an event's line or the name and size of a row."""
    name = str(line.get("event_name"))
    title = _TITLES.get(name, name)
    size = line.get("size")
    return f"{title} {filesize.decimal(size)}" if isinstance(size, int) else title


def short(sequencer: object) -> str:
    """Return the digits of a sequencer that differ between events close to each other.

    Empty for None.
    """
    return f"…{str(sequencer).rstrip('0')[-6:]}" if sequencer else ""


def decision_sentence(line: Mapping[str, Any]) -> str:
    """Return what became of an event, and why, in a sentence or two."""
    outcome = str(line.get("outcome"))
    sentence = _SENTENCES.get(outcome)
    return sentence(line) if sentence else f"{outcome}."


def _written(line: Mapping[str, Any]) -> str:
    if line.get("clause") == "ROW_MISSING":
        return "Written: there was no row."
    return f"Written: later than {short(_before(line)) or 'the event of the row'}."


def _superseded(line: Mapping[str, Any]) -> str:
    has = _before(line)
    if has is not None and has == line.get("sequencer"):
        return "Superseded: a duplicate, which the row has already."
    which = f"{short(has)}, which is later" if has else "a later event"
    return f"Superseded: the row already has {which}."


def _coalesced(line: Mapping[str, Any]) -> str:
    newest = line.get("newest")
    if newest == line.get("sequencer"):
        return "Superseded: a duplicate within one delivery."
    return f"Superseded: {short(newest)} of the same delivery is later."


def _undecided(line: Mapping[str, Any]) -> str:
    reason = _REFUSED.get(str(line.get("clause")), "the row changed meanwhile")
    return f"Not certain: {reason}. So S3 is asked."


def _looked_up(line: Mapping[str, Any]) -> str:
    after = line.get("after")
    size = after.get("size") if isinstance(after, Mapping) else None
    found = filesize.decimal(size) if isinstance(size, int) else "no object"
    if line.get("event_name") == RECONCILED:
        return f"S3 was asked, and has {found}: the row was repaired."
    return f"S3 was asked what is current: {found}. The row has the answer."


def _out_of_scope(_: Mapping[str, Any]) -> str:
    return "Out of scope: the catalog has no row for this key."


_SENTENCES = {
    "written": _written,
    "superseded": _superseded,
    "coalesced": _coalesced,
    "undecided": _undecided,
    "looked up": _looked_up,
    "out of scope": _out_of_scope,
}
"""By outcome."""


def _before(line: Mapping[str, Any]) -> str | None:
    """Return the sequencer of the row before a decision, None if it is not known."""
    before = line.get("before")
    return str(before.get("sequencer")) if isinstance(before, Mapping) else None


def totals_sentence(line: Mapping[str, Any]) -> str:
    """Return the folders that a change was counted in, and by how much their totals grew."""
    named = line.get("folders")
    folders = [str(each) or "/" for each in named] if isinstance(named, list) else []
    return f"{_grown(line, 'object')}, {_grown(line, 'byte')} in {_joined(folders)}."


def inspection_sentence(outcome: str) -> str:
    """Return what became of an inspection request."""
    return _INSPECTIONS.get(outcome, f"{outcome}.")


def _grown(line: Mapping[str, Any], unit: str) -> str:
    number = line.get(f"{unit}s")
    if not isinstance(number, int) or not number:
        return f"0 {unit}s"
    return f"{number:+,} {unit}{'' if abs(number) == 1 else 's'}"


def _joined(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
