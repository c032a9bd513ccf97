"""The deduplication ids of a FIFO topic on the local cloud expire after five minutes."""

import importlib
import time
from typing import Any

import pytest

from reinventure.local.patches.sns import deduplication_ids_expire_in_order


def test_the_ids_that_have_expired_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    sns: Any = importlib.import_module("ministack.services.sns")
    monkeypatch.setattr(sns, "_prune_sns_dedup", sns._prune_sns_dedup)  # Put back at the end.
    deduplication_ids_expire_in_order.apply()
    now = time.time()
    moments = {"old": now - 300, "older than now": now - 1, "new": now + 60, "newer": now + 300}
    topic = {"dedup_cache": {name: {"expire": moment} for name, moment in moments.items()}}
    for _ in range(2):
        sns._prune_sns_dedup(topic)
        assert list(topic["dedup_cache"]) == ["new", "newer"]
    monkeypatch.setattr(time, "time", lambda: now + 301)
    sns._prune_sns_dedup(topic)
    assert topic == {"dedup_cache": {}}
    without: dict[str, object] = {}
    sns._prune_sns_dedup(without)
    assert not without.get("dedup_cache")
