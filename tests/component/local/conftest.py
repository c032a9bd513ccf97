"""Tests of the emulator and its processes."""

import boto3
import pytest

from reinventure.local.cloud import Cloud


@pytest.fixture
def session(local_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """boto3, pointed at the emulator."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in local_cloud.environment.items():
        monkeypatch.setenv(name, value)
    return boto3.Session()
