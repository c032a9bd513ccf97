"""One key's life: what S3 sent about a key, what became of it, and why. Pure: no AWS.

It comes from the lines that the functions log (`s3_catalog.key_log`), in the order of their times,
and ends with the row and what S3 has now. A line may be missing: the log level was `info`, the line
has expired, or it has not come yet. Then its entry is, and nothing is made up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from rich import filesize

from reinventure.console.life_words import (
    decision_sentence,
    event_title,
    inspection_sentence,
    totals_sentence,
)
from s3_catalog import key_log
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import Version

Line = Mapping[str, Any]
"""The fields of a line of the log."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING_WRITTEN = frozenset({"superseded", "coalesced", "out of scope"})


class Tone(Enum):
    """What an entry means, for its colour."""

    CURRENT = "current"
    """An event or lookup whose state the row has now."""

    PAST = "past"
    """One that was written, and of which the row has a later state now."""

    SUPERSEDED = "superseded"
    """One that wrote nothing: the row had it, or a later one."""

    WAITING = "waiting"
    """One of which the log has no decision yet."""

    FAILED = "failed"
    """A failure, which is tried again."""

    FOLLOWED = "followed"
    """What followed from a write."""

    EQUAL = "equal"
    """At the end: row and bucket agree."""

    DIFFERENT = "different"
    """At the end: they do not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline.

    `at` is when it happened by the clock of the function, None for now; `delay` the milliseconds
    from the event at S3, None where there is none. `clause` is the one of the write rule that
    decided. `before` and `after` are the row's attributes, None where they are not known, and empty
    for no row. `sequencer` is that of the event. `ids` name what followed, such as a message.
    """

    at: datetime | None
    title: str
    sentence: str
    tone: Tone
    delay: float | None = None
    clause: str | None = None
    sequencer: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """The attributes that differ in the row before and after, with both values as text."""
        if self.before is None or self.after is None:
            return []
        names = [name for name in key_log.STATE if self.before.get(name) != self.after.get(name)]
        return [(name, _text(self.before, name), _text(self.after, name)) for name in names]


@dataclass(slots=True)
class _Happening:
    """An event as it arrived, once, with the lines that decided it in this delivery."""

    first: Line
    decisions: list[Line]


def life(
    lines: Iterable[Line], row: Row | None, versions: Sequence[Version], *, equal: bool
) -> list[Entry]:
    """Return the timeline of a key, oldest first, from `lines` in any order.

    `row`, `versions` (newest first) and whether they are `equal` are those of now.
    """
    found = sorted((line for line in lines if _readable(line)), key=lambda line: int(line["at"]))
    happenings = _happenings(found)
    writes = _writes(found)
    entries = [entry for each in happenings for entry in _of_happening(each, row)]
    entries += [_following(line, writes) for line in found if line["message"] in _FOLLOWING]
    entries += [_failure(line) for line in found if line["message"] == key_log.FAILED]
    entries += _untold(row, found)
    # Stable: what a function does in one microsecond stays in its order.
    entries.sort(key=lambda entry: entry.at or _EPOCH)
    return [*entries, _now(row, versions, equal=equal)]


_PLAIN = (
    "sequencer",
    "event_name",
    "event_time",
    "outcome",
    "clause",
    "asked_at",
    "reason",
    "newest",
)
"""What is compared and looked up: a line in which one is a list or an object is none of ours."""


def _readable(line: Line) -> bool:
    at = line.get("at")
    return (
        isinstance(at, int)
        and 0 <= at < 2**53
        and isinstance(line.get("message"), str)
        and not any(isinstance(line.get(name), list | dict) for name in _PLAIN)
    )


def _happenings(lines: Sequence[Line]) -> list[_Happening]:
    """Return each event as it arrived, with its decisions.

    A duplicate is the same in all but its time, so a decision is of the last arrival before it that
    has none. An undecided event gets a second one, of its lookup.
    """
    found: list[_Happening] = []
    open_: dict[tuple[Any, ...], list[_Happening]] = defaultdict(list)
    for line in lines:
        name = (line.get("sequencer"), line.get("event_name"), line.get("event_time"))
        if line["message"] == key_log.ARRIVED:
            found.append(_Happening(line, []))
            # The plausibility of a sequencer is checked after the arrival.
            open_[name].append(found[-1])
            open_[None, *name[1:]].append(found[-1])
        elif line["message"] == key_log.DECIDED:
            arrived = next((each for each in reversed(open_[name]) if _is_open(each)), None)
            if arrived is None:
                # A lookup without an event, or one whose arrival is not in the log any more.
                found.append(arrived := _Happening(line, []))
            arrived.decisions.append(line)
    return found


def _is_open(happening: _Happening) -> bool:
    return all(each.get("outcome") == "undecided" for each in happening.decisions)


def _of_happening(happening: _Happening, row: Row | None) -> list[Entry]:
    first = happening.first
    last = happening.decisions[-1] if happening.decisions else None
    shown = last or first
    sentence = " ".join(decision_sentence(each) for each in happening.decisions)
    return [
        Entry(
            at=_moment(shown["at"]),
            title=event_title(first),
            sentence=sentence or "It arrived. The log has no decision yet.",
            tone=_tone(last, row),
            delay=_delay(shown["at"], first.get("event_time")),
            clause=last.get("clause") if last else None,
            sequencer=first.get("sequencer"),
            before=_state(last, "before"),
            after=_state(last, "after"),
        )
    ]


def _tone(decision: Line | None, row: Row | None) -> Tone:
    if decision is None or decision.get("outcome") == "undecided":
        return Tone.WAITING
    if decision.get("outcome") in _NOTHING_WRITTEN:
        return Tone.SUPERSEDED
    return Tone.CURRENT if _is_of(decision.get("after"), row) else Tone.PAST


def _is_of(state: Any, row: Row | None) -> bool:
    return (
        row is not None
        and isinstance(state, Mapping)
        and (state.get("sequencer"), state.get("asked_at")) == (row.sequencer, row.asked_at)
    )


def _state(decision: Line | None, name: str) -> Mapping[str, Any] | None:
    """Return the row `before` or `after` a decision; empty for no row, None if it is not known."""
    if decision is None:
        return None
    state = decision.get(name)
    if isinstance(state, Mapping):
        return state
    return {} if name == "before" and decision.get("clause") == "ROW_MISSING" else None


def _writes(lines: Sequence[Line]) -> dict[tuple[Any, Any], str | None]:
    """Return the time of the event that made each state of the row: its sequencer and lookup."""
    times: dict[tuple[Any, Any], str | None] = {}
    for line in lines:
        after = line.get("after")
        if line.get("outcome") in ("written", "looked up") and isinstance(after, Mapping):
            times[after.get("sequencer"), after.get("asked_at")] = line.get("event_time")
    return times


_FOLLOWING = frozenset({key_log.COUNTED, key_log.PUBLISHED, key_log.MIRRORED, key_log.INSPECTED})


def _following(line: Line, writes: Mapping[tuple[Any, Any], str | None]) -> Entry:
    title, sentence = _told(line)
    event_time = writes.get((line.get("sequencer"), line.get("asked_at")))
    return Entry(
        at=_moment(line["at"]),
        title=title,
        sentence=sentence,
        tone=Tone.FOLLOWED,
        delay=_delay(line["at"], event_time),
        sequencer=line.get("sequencer"),
        ids={name: str(line[key]) for key, name in _IDS.items() if line.get(key)},
    )


_IDS = {
    "change": "id of the change",
    "message_id": "message",
    "group": "message group",
    "sequencer": "sequencer",
}


def _told(line: Line) -> tuple[str, str]:
    match line["message"]:
        case key_log.COUNTED:
            return "Counted", totals_sentence(line)
        case key_log.PUBLISHED:
            return "Published", f"To the change feed, as {line.get('kind')}."
        case key_log.MIRRORED:
            return "Mirrored", "Aurora has this state, or a later one."
        case _:
            return "Inspected", inspection_sentence(str(line.get("outcome")))


def _failure(line: Line) -> Entry:
    return Entry(
        at=_moment(line["at"]),
        title="Failed",
        sentence=f"{line.get('reason')}. It will be tried again.",
        tone=Tone.FAILED,
        sequencer=line.get("sequencer"),
    )


def _untold(row: Row | None, lines: Sequence[Line]) -> list[Entry]:
    """Return entries for what the row has and no line shows."""
    if row is None:
        return []
    entries = []
    if not any(_is_of(line.get("after"), row) for line in lines):
        asked = f" S3 was asked at {_moment(row.asked_at):%H:%M:%S}." if row.asked_at else ""
        entries.append(
            Entry(
                at=datetime.fromisoformat(row.event_time),
                title=event_title({"event_name": row.event_name, "size": row.size}),
                sentence=f"The row has it; the log does not have its lines.{asked}",
                tone=Tone.CURRENT,
                sequencer=row.sequencer,
            )
        )
    told = any(
        line["message"] == key_log.INSPECTED and line.get("outcome") == "recorded" for line in lines
    )
    if row.inspected and not told:
        entries.append(
            Entry(
                at=datetime.fromisoformat(row.inspected.inspected_at),
                title="Inspected",
                sentence=inspection_sentence("recorded"),
                tone=Tone.FOLLOWED,
            )
        )
    return entries


def _now(row: Row | None, versions: Sequence[Version], *, equal: bool) -> Entry:
    current = next((each for each in versions if each.latest and each.size is not None), None)
    if equal:
        tone, title = Tone.EQUAL, "Equal to S3"
        sentence = _object(current.size, current.etag, current.version_id) if current else ""
    else:
        tone, title = Tone.DIFFERENT, "Differs from S3"
        has = _object(row.size, row.etag, row.version_id) if row and not row.deleted else "none"
        is_ = _object(current.size, current.etag, current.version_id) if current else "none"
        sentence = f"The row has {has}; S3 has {is_}."
    return Entry(at=None, title=title, sentence=sentence or "There is no object.", tone=tone)


def _object(size: int | None, etag: str | None, version_id: str | None) -> str:
    version = f", version {version_id}" if version_id not in (None, "null") else ""
    return f"{filesize.decimal(size or 0)}, ETag {etag}{version}"


def _moment(microseconds: int | None) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds or 0)


def _delay(at: int, event_time: object) -> float | None:
    """Return the milliseconds from the time of an event at S3 until `at`, by two clocks."""
    try:
        happened = datetime.fromisoformat(str(event_time))
    except ValueError:
        return None
    return max(0.0, round((_moment(at) - happened) / timedelta(milliseconds=1), 1))


def _text(state: Mapping[str, Any], name: str) -> str:
    value = state.get(name)
    return "" if value is None else str(value)
