"""Entering a local cloud, without one."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from reinventure.aws import deployed_catalog
from reinventure.local import deployment
from reinventure.local.cloud import Cloud


def test_a_process_that_enters_a_cloud_uses_no_other_endpoint_or_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ = dict(os.environ) | {
        "AWS_PROFILE": "p",
        "AWS_ENDPOINT_URL": "other",
        "AWS_ENDPOINT_URL_S3": "other",
        "AWS_ENDPOINT_URL_SQS": "other",
    }
    monkeypatch.setattr(deployment, "os", SimpleNamespace(environ=environ))
    monkeypatch.setattr(deployed_catalog, "find", lambda *_: None)
    cloud = Cloud(tmp_path, 4566)
    deployment.enter(cloud)
    assert {name: environ[name] for name in cloud.environment} == cloud.environment
    endpoints = {name: value for name, value in environ.items() if "ENDPOINT" in name}
    assert endpoints == {
        "AWS_ENDPOINT_URL": "https://127.0.0.1:4566",
        "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:4566",
    }
    assert "AWS_PROFILE" not in environ
