"""`event_switch`: CloudFormation gets a response whatever happens."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session

from handlers import event_switch
from s3_catalog.exceptions import EnvironmentVariableError

REQUEST = {
    "RequestType": "Create",
    "ResponseURL": "https://example.com/response",
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "logical",
    "ResourceProperties": {"Bucket": "bucket-of-nobody", "Rules": ["ours"]},
}


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The responses that CloudFormation got."""
    sent: list[dict[str, Any]] = []

    def send(_session: object, request: AWSPreparedRequest) -> Any:
        assert request.url == "https://example.com/response"
        assert isinstance(request.body, bytes)
        sent.append(json.loads(request.body))
        return SimpleNamespace(status_code=200)

    monkeypatch.setattr(URLLib3Session, "send", send)
    return sent


def test_the_outcome_is_the_response(
    responses: list[dict[str, Any]], aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PARTITION": "aws",
        "REGION": "us-east-1",
        "ACCOUNT": "123456789012",
    }.items():
        monkeypatch.setenv(f"BUCKET_{name}", value)
    event_switch.handler(REQUEST, None)
    [response] = responses
    assert response["Status"] == "FAILED"
    assert "NoSuchBucket" in response["Reason"]
    assert response["PhysicalResourceId"] == "bucket-of-nobody:found-on"


@pytest.mark.parametrize(
    ("kind", "status"), [("Create", "FAILED"), ("Update", "SUCCESS"), ("Delete", "SUCCESS")]
)
def test_an_error_in_the_code_fails_a_creation_only(
    kind: str, status: str, responses: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BUCKET_REGION", raising=False)
    request = {**REQUEST, "RequestType": kind}
    if kind != "Create":
        request["PhysicalResourceId"] = "bucket-of-nobody:switched-on"
    with pytest.raises(EnvironmentVariableError):
        event_switch.handler(request, None)
    [response] = responses
    assert response["Status"] == status
    assert response["PhysicalResourceId"] == request.get("PhysicalResourceId", "request")
