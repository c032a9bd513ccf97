"""The simulated tables behind our client: each call becomes a signed request in JSON, and back."""

import json
import re
from email.message import Message
from typing import Any, cast

from botocore.exceptions import ClientError

from s3_catalog.aws_api.dynamodb_client import DynamoDB
from s3_catalog.aws_api.http_transport import Reply, Request, Transport
from s3_catalog.aws_api.service import Service
from s3_catalog.aws_api.signature import Credentials

_CREDENTIALS = Credentials("none", "none", "none")


class _Wire(Transport):
    """Sends requests to a simulated table, whose errors become replies."""

    def __init__(self, table: object) -> None:
        super().__init__("https://dynamodb.simulated", 1, 1)
        self._table = table

    def send(self, request: Request) -> Reply:
        """Call the method of the table, with what came over the wire."""
        operation = request.headers["x-amz-target"].partition(".")[2]
        method = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            content = getattr(self._table, method)(**json.loads(request.body))
            return Reply(200, Message(), json.dumps(content).encode())
        except ClientError as error:
            response = cast("dict[str, Any]", error.response)
            found = response["Error"]
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            content = {name: value for name, value in response.items() if name[0] in "CI"}
            content |= {"__type": f"simulated#{found['Code']}", "message": found.get("Message", "")}
            return Reply(status, Message(), json.dumps(content).encode())


def client_of(table: object) -> Any:
    """Return our client of a simulated table. It makes one attempt, so that faults are counted."""
    return DynamoDB(
        Service("dynamodb", "us-east-1", lambda: _CREDENTIALS, _Wire(table), attempts=1)
    )
