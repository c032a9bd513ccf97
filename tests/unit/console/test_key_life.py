"""One key's life: from recorded lines of the functions to the entries of the timeline."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.console.key_life import Entry, Tone, life
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import Version
from tests import doubles

SECOND = 1_000_000
START = 1_795_428_930 * SECOND
"""2026-11-23T10:15:30Z in microseconds, when S3 sent the first event."""

A, B, C = (f"0067453F2A8B{each}" + "0" * 18 for each in ("0A", "0B", "0C"))
"""Sequencers, in their order."""


def clock(microseconds: int) -> str:
    moment = datetime.fromtimestamp(microseconds / SECOND, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def state(sequencer: str, size: int, happened: int = START, **more: Any) -> dict[str, Any]:
    return {
        "sequencer": sequencer,
        "event_time": clock(happened),
        "event_name": "ObjectCreated:Put",
        "size": size,
        "etag": f"e{size}",
        **more,
    }


def event(
    at: int,
    message: str,
    sequencer: str | None,
    size: int | None = 1,
    happened: int = START,
    **more: Any,
) -> dict[str, Any]:
    return {
        "logger": "key",
        "message": message,
        "bucket": "b",
        "key": "k",
        "at": at,
        "sequencer": sequencer,
        "event_name": "ObjectCreated:Put",
        "event_time": clock(happened),
        **({} if size is None else {"size": size}),
        **more,
    }


def delivery(
    at: int, sequencer: str, size: int, happened: int = START, **more: Any
) -> list[dict[str, Any]]:
    """The lines of an event that arrives at this time, and is decided 5 ms later."""
    return [
        event(at, "arrived", sequencer, size, happened),
        event(at + 5_000, "decided", sequencer, size, happened, **more),
    ]


FIRST = delivery(START + 20_000, A, 1, outcome="written", clause="ROW_MISSING", after=state(A, 1))
LATER = START + 30 * SECOND
SECOND_PUT = delivery(
    LATER + 7_000,
    C,
    3,
    LATER,
    outcome="written",
    clause="EVENT_IS_NEWER",
    before=state(A, 1),
    after=state(C, 3, LATER),
)
STAYS = {"before": state(C, 3, LATER), "after": state(C, 3, LATER), "clause": "EVENT_IS_NEWER"}
LATE = delivery(LATER + 200_000, B, 2, LATER - SECOND, outcome="superseded", **STAYS)
DUPLICATE = delivery(LATER + 300_000, C, 3, LATER, outcome="superseded", **STAYS)
FOLLOWING = [
    {
        **event(LATER + 230_000, "counted", C, None),
        "folders": ["", "holiday/"],
        "objects": 0,
        "bytes": 2048,
    },
    {**event(LATER + 240_000, "published", C, None), "kind": "updated", "change": "c1"},
    {**event(LATER + 400_000, "mirrored", C, None), "message_id": "m1"},
    {**event(LATER + 500_000, "inspected", C, None), "outcome": "recorded"},
]
ROW = doubles.row(
    bucket="b", key="k", sequencer=C, size=3, etag="e3", version_id="v3", event_time=clock(LATER)
)
VERSIONS = [Version("v3", datetime(2026, 11, 23, tzinfo=UTC), 3, "e3", latest=True)]


def told(
    lines: Sequence[dict[str, Any]], row: Row | None = ROW, *, equal: bool = True
) -> list[Entry]:
    return life(lines, row, VERSIONS if row else [], equal=equal)


def brief(entries: Sequence[Entry]) -> list[tuple[str, Tone]]:
    return [(entry.title, entry.tone) for entry in entries]


def test_a_whole_life_is_told_in_order() -> None:
    entries = told([*FIRST, *SECOND_PUT, *LATE, *DUPLICATE, *FOLLOWING])
    assert brief(entries) == [
        ("Put 1 byte", Tone.PAST),
        ("Put 3 bytes", Tone.CURRENT),
        ("Put 2 bytes", Tone.SUPERSEDED),
        ("Counted", Tone.FOLLOWED),
        ("Published", Tone.FOLLOWED),
        ("Put 3 bytes", Tone.SUPERSEDED),
        ("Mirrored", Tone.FOLLOWED),
        ("Inspected", Tone.FOLLOWED),
        ("Equal to S3", Tone.EQUAL),
    ]
    assert [entry.delay for entry in entries] == [25, 12, 1205, 230, 240, 305, 400, 500, None]
    assert [entry.clause for entry in entries[:3]] == [
        "ROW_MISSING",
        "EVENT_IS_NEWER",
        "EVENT_IS_NEWER",
    ]


def test_the_reasons_are_sentences() -> None:
    entries = told([*FIRST, *SECOND_PUT, *LATE, *DUPLICATE, *FOLLOWING])
    assert [entry.sentence for entry in entries] == [
        "Written: there was no row.",
        "Written: later than …2A8B0A.",
        "Superseded: the row already has …2A8B0C, which is later.",
        "0 objects, +2,048 bytes in / and holiday/.",
        "To the change feed, as updated.",
        "Superseded: a duplicate, which the row has already.",
        "Aurora has this state, or a later one.",
        "The result is in the row.",
        "3 bytes, ETag e3, version v3",
    ]


def test_the_row_before_and_after_differ_in_what_the_event_changed() -> None:
    [_, second, *_] = told([*FIRST, *SECOND_PUT])
    assert second.changed == [
        ("sequencer", A, C),
        ("event_time", clock(START), clock(LATER)),
        ("size", "1", "3"),
        ("etag", "e1", "e3"),
    ]


def test_what_followed_has_its_ids() -> None:
    entries = {entry.title: entry.ids for entry in told([*SECOND_PUT, *FOLLOWING])}
    assert entries["Published"] == {"id of the change": "c1", "sequencer": C}
    assert entries["Mirrored"] == {"message": "m1", "sequencer": C}


def test_the_first_row_changed_from_nothing() -> None:
    [first, *_] = told(FIRST)
    assert ("size", "", "1") in first.changed


def test_a_row_before_that_is_not_known_is_no_change() -> None:
    lines = delivery(START, A, 1, outcome="written", clause="EVENT_IS_NEWER", after=state(A, 1))
    [entry, *_] = told(lines)
    assert (entry.changed, entry.sentence) == ([], "Written: later than the event of the row.")


def test_an_undecided_event_is_one_entry_with_its_lookup() -> None:
    answer = state(C, 9, asked_at=LATER)
    lines = [
        event(START, "arrived", B),
        event(
            START + 1, "decided", B, outcome="undecided", clause="TIMES_AGREE", before=state(A, 1)
        ),
        event(
            START + 9_000,
            "decided",
            B,
            outcome="looked up",
            clause="ROW_UNCHANGED",
            before=state(A, 1),
            after=answer,
        ),
    ]
    [entry, _, _] = told(lines)
    assert (entry.title, entry.clause, entry.delay) == ("Put 1 byte", "ROW_UNCHANGED", 9)
    assert entry.sentence == (
        "Not certain: its sequencer is later, but its time is earlier by more than ten seconds."
        " So S3 is asked. S3 was asked what is current: 9 bytes. The row has the answer."
    )


def test_an_event_without_a_decision_waits() -> None:
    [entry, *_] = told(FIRST[:1])
    assert (entry.tone, entry.clause) == (Tone.WAITING, None)


def test_a_decision_is_of_the_delivery_in_which_it_was_made() -> None:
    again = [{**line, "at": line["at"] + SECOND} for line in FIRST]
    entries = told([FIRST[0], *again])
    assert [(entry.tone, entry.delay) for entry in entries[:2]] == [
        (Tone.WAITING, 20),
        (Tone.PAST, 1025),
    ]


def test_a_failure_has_its_reason() -> None:
    lines = [*FIRST[:1], event(START + 30_000, "failed", A, reason="ThrottlingException")]
    assert ("Failed", Tone.FAILED) in brief(told(lines))
    assert "ThrottlingException. It will be tried again." in [each.sentence for each in told(lines)]


def test_a_repair_has_no_event() -> None:
    repaired = {
        **event(START, "decided", None, None),
        "event_name": "Reconciled",
        "outcome": "looked up",
        "clause": "ROW_MISSING",
        "after": state(C, 3, asked_at=1),
    }
    del repaired["event_time"]
    [entry, *_] = told([repaired], doubles.row(sequencer=C, asked_at=1))
    assert (entry.title, entry.tone, entry.delay) == ("Compared with S3", Tone.CURRENT, None)
    assert entry.sentence == "S3 was asked, and has 3 bytes: the row was repaired."


def test_a_row_that_no_line_tells_of_is_told_of_itself() -> None:
    inspected = InspectionResult("2026-11-23T10:20:00Z")
    entries = told([], doubles.row(sequencer=C, size=3, inspected=inspected))
    assert brief(entries)[:2] == [("Inspected", Tone.FOLLOWED), ("Put 3 bytes", Tone.CURRENT)]
    assert entries[1].sentence == "The row has it; the log does not have its lines."


def test_a_key_without_anything() -> None:
    [now] = told([], None)
    assert (now.title, now.sentence, now.tone) == (
        "Equal to S3",
        "There is no object.",
        Tone.EQUAL,
    )


def test_a_difference_has_both_sides() -> None:
    [*_, now] = told(FIRST, doubles.row(sequencer=A, size=1, etag="e1"), equal=False)
    assert now.tone is Tone.DIFFERENT
    assert now.sentence == "The row has 1 byte, ETag e1; S3 has 3 bytes, ETag e3, version v3."


LINES = st.lists(
    st.dictionaries(
        st.sampled_from(
            [
                *("message", "at", "sequencer", "event_name", "event_time", "outcome", "clause"),
                *("before", "after", "size", "folders", "objects", "reason", "newest", "asked_at"),
            ]
        ),
        st.none()
        | st.integers()
        | st.text(max_size=5)
        | st.sampled_from(["arrived", "decided", "counted", "superseded", "written", A])
        | st.dictionaries(st.sampled_from(["sequencer", "size"]), st.text(max_size=3)),
    )
)


@given(LINES)
def test_no_line_whatever_it_has_breaks_the_timeline(lines: list[dict[str, Any]]) -> None:
    assert told(lines)[-1].title == "Equal to S3"


@given(st.permutations([*FIRST, *SECOND_PUT, *LATE, *DUPLICATE, *FOLLOWING]))
def test_the_order_of_the_lines_does_not_matter(lines: list[dict[str, Any]]) -> None:
    assert told(lines) == told([*FIRST, *SECOND_PUT, *LATE, *DUPLICATE, *FOLLOWING])


@pytest.mark.parametrize(
    "outcome", ["written", "superseded", "coalesced", "looked up", "undecided"]
)
def test_each_outcome_has_a_sentence_without_its_row(outcome: str) -> None:
    [entry, *_] = told(delivery(START, A, 1, outcome=outcome))
    assert entry.sentence.endswith(".")
    assert "None" not in entry.sentence
