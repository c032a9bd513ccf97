"""Patches of the emulator's SQS."""

import importlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch

_SERVICE_SENDERS = {"s3": "AROA000000000000000S3:S3", "sns": "AIDA0000000000000SNS"}
"""Ids of services as senders. AWS documents none; S3's is a session of a role of its own, and SNS's
is like that of a user."""


@patch("1.5.33")
def messages_have_senders() -> None:
    """Set the `SenderId` of a message in a queue: the principal, or the service, that sent it.

    `redrive` compares it with the ids of roles. Lambda sends the failures of a function with the
    function's role.
    """
    sqs: Any = importlib.import_module("ministack.services.sqs")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    extract_key = importlib.import_module("ministack.core.router").extract_access_key_id
    role_id = importlib.import_module("ministack.services.sts")._role_id
    caller: ContextVar[str] = ContextVar("caller", default="")
    service: ContextVar[str] = ContextVar("service", default="")
    pin_caller, sent, find = (
        evaluator.pin_request_caller,
        sqs._build_send_sys_attrs,
        sqs._queue_by_arn,
    )

    @wraps(pin_caller)
    def pin_caller_id(headers: Any, query_params: Any = None) -> None:
        pin_caller(headers, query_params)
        credential = evaluator.resolve_credential(extract_key(headers or {}, query_params or {}))
        caller.set(getattr(credential, "principal_id", ""))

    @wraps(sent)
    def sent_by_caller(*arguments: Any) -> dict[str, Any]:
        attributes: dict[str, Any] = sent(*arguments)
        return {**attributes, "SenderId": caller.get() or attributes["SenderId"]}

    @wraps(find)
    def find_for_service(arn: str) -> Any:
        queue = find(arn)
        if queue is None or not service.get():
            return queue
        return {**queue, "messages": SentBy(service.get(), queue)}

    def as_sender(deliver: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        @wraps(deliver)
        def deliver_as(*arguments: Any, **named: Any) -> Any:
            token = service.set(name(*arguments))
            try:
                return deliver(*arguments, **named)
            finally:
                service.reset(token)

        return deliver_as

    def of_function(name: str) -> str:
        config = functions._functions.get(name, {}).get("config", {})
        return f"{role_id(config.get('Role', ''))}:{name}"

    evaluator.pin_request_caller = pin_caller_id
    sqs._build_send_sys_attrs = sent_by_caller
    sqs._queue_by_arn = find_for_service
    functions._route_async_failure = as_sender(
        functions._route_async_failure, lambda _, name, *__: of_function(name)
    )
    functions._send_ddb_stream_failure_record = as_sender(
        functions._send_ddb_stream_failure_record,
        lambda _, function, *__: of_function(
            (function.get("config") or function).get("FunctionName", "")
        ),
    )
    for name, delivery in (("s3", "_deliver_event_to_sqs"), ("sns", "_deliver_to_sqs")):
        module: Any = importlib.import_module(f"ministack.services.{name}")
        sender = _SERVICE_SENDERS[name]
        setattr(module, delivery, as_sender(getattr(module, delivery), lambda *_, is_=sender: is_))


@dataclass(frozen=True)
class SentBy:
    """The messages of `queue`, to which a service appends as `sender`."""

    sender: str
    queue: dict[str, Any]

    def append(self, message: dict[str, Any]) -> None:
        """Append `message` with the sender's id."""
        message["sys"] = {**message["sys"], "SenderId": self.sender}
        # Looked up now: other threads put new lists into the queue, and what is appended to an old
        # one is lost.
        self.queue["messages"].append(message)
