"""Tests of the deployed stacks, on the local cloud of tests/local_cloud.py."""

import pytest

from reinventure.aws import dead_letters


@pytest.fixture(autouse=True)
def no_long_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's short polls find every message. A long poll of an empty queue only waits."""
    monkeypatch.setattr(dead_letters, "_POLL_SECONDS", 0)
