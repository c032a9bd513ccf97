"""The operations of Amazon DynamoDB on items, called like those of boto3's client.

Requests and replies are those of the service, in JSON: attribute values of the type binary, which
botocore would encode, are none of this client's.
"""

import json
import os
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ResponseStreamingError

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.service import client_error

if TYPE_CHECKING:
    from s3_catalog.aws_api.http_transport import Reply
    from s3_catalog.aws_api.service import Service

_EXCEPTIONS = {
    name: type(name, (ClientError,), {})
    for name in ("ConditionalCheckFailedException", "TransactionCanceledException")
}


class DynamoDB:
    """A client of `service`. Every method raises botocore's ClientError or BotoCoreError."""

    exceptions = SimpleNamespace(**_EXCEPTIONS)

    def __init__(self, service: "Service") -> None:
        self._service = service

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Put an item."""
        return self._call("PutItem", request)

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Get an item."""
        return self._call("GetItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change attributes of an item."""
        return self._call("UpdateItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of a partition."""
        return self._call("Query", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Get up to 100 items."""
        return self._call("BatchGetItem", request)

    def batch_execute_statement(self, **request: Any) -> dict[str, Any]:
        """Execute up to 25 statements of PartiQL, each on its own."""
        return self._call("BatchExecuteStatement", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Execute all actions, or none. With its token, a second attempt has no second effect."""
        return self._call(
            "TransactWriteItems", {"ClientRequestToken": os.urandom(16).hex(), **request}
        )

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        request = Request("POST", headers=headers, body=json.dumps(parameters).encode())
        return self._service.request(request, partial(_read, operation))


def _read(operation: str, reply: "Reply") -> dict[str, Any]:
    failed = reply.status >= HTTPStatus.MULTIPLE_CHOICES
    try:
        content: dict[str, Any] = json.loads(reply.body)
    except ValueError as error:
        if not failed:
            raise ResponseStreamingError(error=error) from error
        content = {}  # From a proxy or load balancer.
    if not failed:
        return content
    code = str(content.pop("__type", reply.status)).rpartition("#")[2]
    message = str(content.get("message", content.get("Message", "")))
    refusal = client_error(operation, reply, code, message, _EXCEPTIONS.get(code, ClientError))
    refusal.response.update(content)  # type: ignore[typeddict-item]
    raise refusal
