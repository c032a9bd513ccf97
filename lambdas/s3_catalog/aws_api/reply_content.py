"""The content of a reply, or the error that it describes, as botocore raises it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError, ResponseStreamingError

from s3_catalog.aws_api.http_transport import Reply

EXCEPTIONS = {
    name: type(name, (ClientError,), {})
    for name in ("ConditionalCheckFailedException", "TransactionCanceledException")
}
"""The errors that have a class of their own, by their codes."""


def content(operation: str, reply: Reply, parse: Callable[[bytes], Any]) -> dict[str, Any]:
    """Return what `parse` makes of the body of the reply to `operation`, a dictionary.

    Raises ClientError for an error of the service, and ResponseStreamingError when `parse` raises
    ValueError or a SyntaxError, as XML's is.
    """
    failed = reply.status >= HTTPStatus.MULTIPLE_CHOICES
    try:
        found = parse(reply.body)
        if not isinstance(found, dict):
            raise ValueError("the reply has no names")
    except (SyntaxError, ValueError) as error:
        if not failed:
            raise ResponseStreamingError(error=error) from error
        found = {}  # From a proxy or load balancer.
    # In JSON and in XML. S3 may send an error with the status of success.
    code = found.pop("__type", found.pop("Code", str(reply.status) if failed else None))
    if code is None:
        return found
    code = str(code).rpartition("#")[2]
    headers = {name.lower(): value for name, value in reply.headers.items()}
    message = str(found.get("message", found.get("Message", "")))
    response: Any = {**found, "Error": {"Code": code, "Message": message}}
    response["ResponseMetadata"] = {
        "RequestId": headers.get("x-amzn-requestid") or headers.get("x-amz-request-id", ""),
        "HTTPStatusCode": reply.status,
        "HTTPHeaders": headers,
    }
    raise EXCEPTIONS.get(code, ClientError)(response, operation)
