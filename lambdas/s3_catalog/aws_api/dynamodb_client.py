"""The operations of Amazon DynamoDB on items, called like those of boto3's client.

Requests and replies are those of the service, in JSON: attribute values of the type binary, which
botocore would encode, are none of this client's.
"""

import json
import os
from functools import partialmethod
from types import SimpleNamespace
from typing import Any

from s3_catalog.aws_api.http_transport import Request
from s3_catalog.aws_api.reply_content import EXCEPTIONS
from s3_catalog.aws_api.service import Service

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""Requests have no cycles, and a batch is 4 percent shorter without spaces."""


class DynamoDB:
    """A client of `service`. Every operation raises botocore's ClientError or BotoCoreError."""

    exceptions = SimpleNamespace(**EXCEPTIONS)

    def __init__(self, service: Service) -> None:
        self._service = service

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        request = Request("POST", headers=headers, body=_encode(parameters).encode())
        return self._service.request(operation, request, json.loads)

    batch_execute_statement = partialmethod(_call, "BatchExecuteStatement")
    batch_get_item = partialmethod(_call, "BatchGetItem")
    delete_item = partialmethod(_call, "DeleteItem")
    get_item = partialmethod(_call, "GetItem")
    put_item = partialmethod(_call, "PutItem")
    query = partialmethod(_call, "Query")
    update_item = partialmethod(_call, "UpdateItem")

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Execute all actions, or none. With its token, a second attempt has no second effect."""
        token = os.urandom(16).hex()
        return self._call("TransactWriteItems", **{"ClientRequestToken": token, **request})
