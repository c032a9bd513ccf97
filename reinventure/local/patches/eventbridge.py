"""Patches of the emulator's EventBridge."""

import importlib
import json
from contextvars import ContextVar
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch


@patch("1.5.33")
def eventbridge_invokes_asynchronously() -> None:
    """Let EventBridge invoke functions as S3 does: with retries and an on-failure destination.

    With the transport `eventbridge` a failed event would be lost, and a burst would start a worker
    process for each event.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")

    @wraps(eventbridge._dispatch_to_lambda)
    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = functions._get_func_record_for_ref(arn)
        if function and config:
            record = functions._execution_record_for_config(function, config)
            functions.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


@patch("1.5.33")
def events_have_versions() -> None:
    """Name the version in the events that S3 sends to EventBridge, and no size of a deletion.

    The rows of attached buckets take their versions from these events.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event
    fired: ContextVar[dict[str, Any] | None] = ContextVar("fired", default=None)

    @wraps(fire)
    def fire_with_version(*arguments: Any, version_id: str | None = None, **named: Any) -> None:
        token = fired.set({"version-id": version_id} if version_id else {})
        try:
            fire(*arguments, version_id=version_id, **named)
        finally:
            fired.reset(token)

    @wraps(dispatch)
    def dispatch_with_version(event: dict[str, Any], view: Any = None) -> None:
        version = fired.get()
        if version is None:  # Not an event of S3.
            dispatch(event, view)
            return
        detail = json.loads(event["Detail"])
        stored = {**detail["object"], **version}
        if event["DetailType"] == "Object Deleted":
            del stored["size"], stored["etag"]
        dispatch({**event, "Detail": json.dumps({**detail, "object": stored})})

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version
