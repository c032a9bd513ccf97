"""How long a fault stays, and that an account has none."""

import json

import boto3
import pytest

from reinventure.errors import UserError
from reinventure.local import fault_control
from reinventure.local.fault_control import FaultControl


def test_a_longer_one_is_cut_and_a_forged_one_is_none() -> None:
    longest = fault_control.lease(json.dumps({"target": "it", "seconds": 1e9}), 1000.0)
    assert longest
    assert longest.end == 1000.0 + 60
    assert longest.holds("it", 1059.9)
    assert not longest.holds("it", 1060.0)
    assert not longest.holds("other", 1001.0)
    assert not longest.holds("it", 999.0)
    for value in ("", "[]", "{}", '{"target": "it"}', '{"target": "it", "seconds": "x"}', "7"):
        assert fault_control.lease(value, 1000.0) is None


def test_an_account_has_no_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for endpoint in (None, "https://ssm.example.com", "https://127.0.0.1.example.com"):
        if endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(UserError, match="local cloud alone"):
            FaultControl(boto3.Session(region_name="eu-north-1"))
