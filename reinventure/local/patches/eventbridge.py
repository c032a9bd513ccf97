"""Patches of the emulator's EventBridge."""

import importlib
import json
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
