"""The lookups of one key: each event that needs one causes it, until a result is written."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from s3_catalog.ingestion import delivery
from s3_catalog.model.event import Event
from s3_catalog.table.store import Outcome

WRITTEN, SUPERSEDED = Outcome.WRITTEN, Outcome.SUPERSEDED
TIME = datetime(2026, 11, 23, tzinfo=UTC)
VERSION_REMOVED = Event("bucket", "key", "ObjectRemoved:Delete", TIME, "0A", "v1", None)
RESTORED = Event("bucket", "key", "ObjectRestore:Completed", TIME, None, "v1", None)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([WRITTEN], WRITTEN),
        ([SUPERSEDED, WRITTEN], WRITTEN),
        ([SUPERSEDED, SUPERSEDED], SUPERSEDED),
    ],
)
def test_lookups_end_with_the_first_that_is_written(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[Outcome], expected: Outcome
) -> None:
    corrected: list[Event] = []

    def correct(_store: Any, _bucket: Any, key: str, event: Event) -> Outcome:
        assert key == "key"
        corrected.append(event)
        return outcomes[len(corrected) - 1]

    monkeypatch.setattr(delivery, "correct", correct)
    nothing = cast("Any", None)
    reasons = [VERSION_REMOVED, RESTORED]
    assert delivery._look_up(nothing, nothing, "key", reasons) is expected
    assert corrected == reasons[: len(outcomes)]
