"""The lookup of one key, which covers all events that need it."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from s3_catalog.exceptions import ContendedError
from s3_catalog.ingestion import delivery
from s3_catalog.model.event import Event
from s3_catalog.table.store import Outcome

TIME = datetime(2026, 11, 23, tzinfo=UTC)
VERSION_REMOVED = Event("bucket", "key", "ObjectRemoved:Delete", TIME, "0A", "v1", None)
EXPIRED = Event("bucket", "key", "LifecycleExpiration:Delete", TIME, None, "v1", None)


@pytest.mark.parametrize("result", [Outcome.WRITTEN, Outcome.SUPERSEDED, ContendedError("k")])
def test_one_lookup_has_all_events_as_reasons(
    monkeypatch: pytest.MonkeyPatch, result: Outcome | ContendedError
) -> None:
    corrected = []

    def correct(_store: Any, _bucket: Any, key: str, events: list[Event]) -> Outcome:
        assert key == "key"
        corrected.append(events)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(delivery, "correct", correct)
    nothing, buckets = cast("Any", None), cast("Any", {"bucket": None})
    reasons = [VERSION_REMOVED, EXPIRED]
    assert delivery._look_up(nothing, buckets, ("bucket", "key"), reasons) is result
    assert corrected == [reasons]
