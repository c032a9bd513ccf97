"""Requests that a service of the emulator refuses: what faults and disabled keys have in common."""

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Request:
    """A request of HTTP to a service."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a service with JSON, such as DynamoDB and SQS; "" of another one."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def topic(self) -> str | None:
        """The ARN of the topic to which it publishes, None if it does something else."""
        if b"Action=Publish" not in self.body:
            return None
        [topic] = parse_qs(self.body.decode()).get("TopicArn", [""])
        return topic

    def names(self, table: str) -> bool:
        """Whether it has the name of `table`, which PartiQL quotes within the statement."""
        return any(f"{quote}{table}{quote}".encode() in self.body for quote in ('"', '\\"'))


def refuse(service: str, reply: Callable[[Request], Any]) -> None:
    """Answer requests to MiniStack's `service` with `reply`, where it is not None."""
    module: Any = importlib.import_module(f"ministack.services.{service}")
    handle = module.handle_request

    @wraps(handle)
    async def handle_or_refuse(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, **named: Any
    ) -> Any:
        refused = reply(Request(method, path, headers, body))
        if refused is not None:
            return refused
        return await handle(method, path, headers, body, query, **named)

    module.handle_request = handle_or_refuse


def failed_statements(request: Request, code: str, message: str) -> Any:
    """Return DynamoDB's reply to BatchExecuteStatement whose statements fail, one by one.

    Source: API reference, BatchStatementError.
    """
    error = {"Error": {"Code": code, "Message": message}}
    failed = {"Responses": [error for _ in json.loads(request.body)["Statements"]]}
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(failed).encode()
