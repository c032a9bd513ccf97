"""The response that CloudFormation waits for."""

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError

from s3_catalog.attachment.cloudformation_response import respond
from s3_catalog.exceptions import ResponseError

URL = (
    "https://cloudformation-custom-resource-response.s3.amazonaws.com/a%3Ab?X-Amz-Signature=secret"
)
REQUEST = {
    "ResponseURL": URL,
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "logical",
}


class Session:
    """Answers with each of `statuses` in turn; 0 is no answer."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.requests: list[AWSPreparedRequest] = []
        self.bodies: list[bytes] = []

    def send(self, request: AWSPreparedRequest) -> Any:
        assert isinstance(request.body, bytes)
        self.requests.append(request)
        self.bodies.append(request.body)
        status = self.statuses.pop(0)
        if not status:
            raise EndpointConnectionError(endpoint_url=request.url)
        return SimpleNamespace(status_code=status)


def send(session: Session, reason: str = "done", pauses: list[float] | None = None) -> None:
    respond(
        session,
        REQUEST,
        status="SUCCESS",
        physical_id="photos:found-on",
        reason=reason,
        pause=(pauses if pauses is not None else []).append,
    )


def test_the_response_names_the_request_that_it_ends() -> None:
    session = Session(200)
    send(session)
    [put] = session.requests
    assert (put.method, put.url) == ("PUT", URL)
    assert json.loads(session.bodies[0]) == {
        "Status": "SUCCESS",
        "Reason": "done",
        "PhysicalResourceId": "photos:found-on",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "logical",
    }
    assert "Content-Type" not in put.headers
    assert put.headers["Content-Length"] == str(len(session.bodies[0]))


def test_a_long_reason_is_cut() -> None:
    session = Session(200)
    send(session, "🪣" * 5000)
    assert json.loads(session.bodies[0])["Reason"] == "🪣" * 800
    assert len(session.bodies[0]) < 4096


def test_it_is_sent_again_until_it_is_accepted(caplog: pytest.LogCaptureFixture) -> None:
    pauses: list[float] = []
    session = Session(503, 0, 200)
    with caplog.at_level(logging.WARNING):
        send(session, pauses=pauses)
    assert len(session.requests) == 3
    assert pauses == [2, 4]
    assert "HTTP status 503" in caplog.text
    assert "EndpointConnectionError" in caplog.text
    assert "secret" not in caplog.text


def test_after_five_attempts_it_is_an_error_without_the_url() -> None:
    with pytest.raises(ResponseError, match="in 5 attempts: EndpointConnectionError") as failed:
        send(Session(500, 500, 500, 500, 0))
    assert "secret" not in str(failed.value)
