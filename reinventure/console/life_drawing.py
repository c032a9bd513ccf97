"""The timeline of a key's life as a list: when, what, why, and the row before and after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from reinventure.console.key_life import Entry, Tone
from reinventure.console.life_words import CLAUSES, short
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from s3_catalog.model.timestamps import timestamp

_SECOND = 1_000
_UNITS = ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (_SECOND, "s"))
"""Milliseconds of a unit, the longest first."""

_NO_PLACE = " The event has no place in the order of its key."

_WHOLE = 10
"""From here on a number of units needs no decimal."""

_WORDS = {
    Tone.SUPERSEDED: "wrote nothing",
    Tone.CURRENT: "current",
    Tone.WAITING: "not decided",
}
"""What a tone means, in words: not everybody can tell colours apart."""


def timeline(entries: Sequence[Entry]) -> Element:
    """Return `entries`, oldest first, by days in UTC."""
    return e("ol", _items(entries), class_="life", role="list")


def _items(entries: Sequence[Entry]) -> Iterator[Element]:
    for day, of_day in groupby(entries, lambda entry: entry.at and entry.at.date()):
        if day:
            yield e("li", e("time", f"{day:%-d %B %Y}", datetime=day.isoformat()), class_="day")
        yield from map(_item, of_day)


def _item(entry: Entry) -> Element:
    word = _WORDS.get(entry.tone)
    return e(
        "li",
        e("div", _when(entry), class_="when"),
        e(
            "div",
            e("h3", entry.title, " ", e("span", word, class_="word") if word else None),
            e("p", entry.sentence),
            _details(entry),
            class_="what",
        ),
        data_tone=entry.tone.value,
        data_entry=f"{entry.title} {entry.at.isoformat() if entry.at else 'now'}",
    )


def _when(entry: Entry) -> list[Element | None]:
    if entry.at is None:
        return [e("b", "now")]
    clock = e("time", f"{entry.at:%H:%M:%S}", datetime=_iso(entry.at), title=_iso(entry.at))
    late = None if entry.delay is None else e("span", f"+{duration(entry.delay)}", class_="delay")
    # What followed is near its event in time; how much later it was is the news.
    return [late or clock] if entry.tone is Tone.FOLLOWED else [clock, late]


def _iso(at: datetime) -> str:
    return timestamp(at)


def duration(milliseconds: float) -> str:
    """Return a time span as a person reads it: `12 ms`, `1.2 s`, `3 min`."""
    for length, unit in _UNITS:
        if milliseconds >= length:
            number = milliseconds / length
            return f"{number:,.{0 if number >= _WHOLE else 1}f} {unit}"
    return f"{milliseconds:.0f} ms"


def _details(entry: Entry) -> Element | None:
    if "message" in entry.ids:
        summary = f"message {entry.ids['message'][:8]}…"
        return e("details", e("summary", summary), fields(entry.ids))
    if entry.clause is None:
        return None
    held = "held" if entry.tone not in (Tone.SUPERSEDED, Tone.WAITING) else "did not hold"
    return e(
        "details",
        e(
            "summary",
            e("code", entry.clause),
            f" {held}",
            e("span", f" · {short(entry.sequencer)}") if entry.sequencer else None,
        ),
        e("p", CLAUSES.get(entry.clause, ""), None if entry.sequencer else _NO_PLACE),
        _difference(entry),
    )


def fields(named: Mapping[str, object]) -> Element:
    """Return values with their names."""
    return e("dl", ((e("dt", name), e("dd", str(value))) for name, value in named.items()))


def _difference(entry: Entry) -> Element:
    if not entry.changed:
        known = entry.before is not None and entry.after is not None
        return e("p", "The row stayed as it was." if known else "The row before is not in the log.")
    return e(
        "dl",
        (
            (e("dt", name), e("dd", _value("del", before), " ", _value("ins", after)))
            for name, before, after in entry.changed
        ),
        class_="difference",
    )


def _value(tag: str, text: str) -> Element:
    return e(tag, text or "none", class_=None if text else "none")
