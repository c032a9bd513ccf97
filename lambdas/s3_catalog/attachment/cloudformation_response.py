"""The response of a custom resource: CloudFormation waits for it at a presigned URL.

The protocol is "Custom resource response objects" in the CloudFormation User Guide.
"""

import json
import logging
from collections.abc import Callable
from time import sleep
from typing import Any, Literal, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError

from s3_catalog.exceptions import ResponseError

_log = logging.getLogger(__name__)

MAX_REASON = 800
"""Characters, of up to four bytes. CloudFormation accepts 4,096 bytes for the whole response."""

_ATTEMPTS = 5
_OK = 200


class HttpSession(Protocol):
    """Sends a request, as botocore's URLLib3Session does."""

    def send(self, request: AWSPreparedRequest) -> Any:
        """Return the response to `request`."""


def respond(
    session: HttpSession,
    request: dict[str, Any],
    *,
    status: Literal["SUCCESS", "FAILED"],
    physical_id: str,
    reason: str,
    pause: Callable[[float], None] = sleep,
) -> None:
    """Send the `status` of a `request`, which ends it for CloudFormation.

    Raises ResponseError if that fails five times. CloudFormation then waits until the time-out of
    the resource.
    """
    body = json.dumps(
        {
            "Status": status,
            "Reason": reason[:MAX_REASON],
            "PhysicalResourceId": physical_id,
            "StackId": request["StackId"],
            "RequestId": request["RequestId"],
            "LogicalResourceId": request["LogicalResourceId"],
        },
        ensure_ascii=False,
    ).encode()
    failure = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            pause(2**attempt)
        # The URL is signed for a request without a content type.
        put = AWSRequest(method="PUT", url=request["ResponseURL"], data=body).prepare()
        try:
            answer = session.send(put)
        except (BotoConnectionError, HTTPClientError) as error:
            failure = type(error).__name__
        else:
            if answer.status_code == _OK:
                return
            failure = f"HTTP status {answer.status_code}"
        # Not the error's message: it has the URL, which is a credential.
        _log.warning("CloudFormation did not accept the response: %s", failure)
    raise ResponseError(
        f"CloudFormation did not accept the response in {_ATTEMPTS} attempts: {failure}"
    )
