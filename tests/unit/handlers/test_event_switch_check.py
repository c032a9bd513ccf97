"""`event_switch_check`: its failure is what an alarm sees."""

import importlib

import pytest

from s3_catalog.exceptions import EventBridgeSwitchError


def test_it_fails_for_the_buckets_of_its_environment(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKETS", "nobody-has-this,nor-this/a/")
    monkeypatch.setenv("BUCKET_ACCOUNT", "123456789012")
    module = importlib.import_module("handlers.event_switch_check")
    with pytest.raises(EventBridgeSwitchError) as failed:
        module.handler({}, None)
    missing, other = str(failed.value).split("; ")
    assert missing.startswith("nobody-has-this: ")
    assert other.startswith("nor-this: ")
    assert "NoSuchBucket" in missing
