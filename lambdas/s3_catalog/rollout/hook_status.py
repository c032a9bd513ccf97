"""Report the status of a lifecycle event hook to CodeDeploy, whatever happens in the hook."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

RESERVE = 20
"""Seconds before the function's time-out at which an unfinished hook reports "Failed". Retries of
the report need them."""

_log = logging.getLogger(__name__)


@contextmanager
def report_status(
    codedeploy: "CodeDeployClient", hook: Mapping[str, Any], seconds: float
) -> Iterator[None]:
    """Report whether the body of this context succeeds, for the `hook` event of a deployment.

    The status is "Succeeded" if the body ends, and "Failed" if it raises. It is "Failed", too, if
    the body is unfinished `RESERVE` before the function's time-out, which is in `seconds`. Only the
    first status is reported: CodeDeploy accepts one.

    Raises what the body raises, and botocore's ClientError or BotoCoreError when CodeDeploy does
    not accept the report; CodeDeploy then fails the deployment after an hour.
    """
    lock = Lock()
    reported = False

    def report(status: Literal["Succeeded", "Failed"]) -> None:
        nonlocal reported
        with lock:
            if reported:
                return
            codedeploy.put_lifecycle_event_hook_execution_status(
                deploymentId=hook["DeploymentId"],
                lifecycleEventHookExecutionId=hook["LifecycleEventHookExecutionId"],
                status=status,
            )
            reported = True
        _log.info("reported to CodeDeploy: %s", status)

    last_moment = Timer(max(seconds - RESERVE, 0), report, ("Failed",))
    last_moment.daemon = True
    last_moment.start()
    status: Literal["Succeeded", "Failed"] = "Failed"
    try:
        yield
        status = "Succeeded"
    finally:
        last_moment.cancel()
        report(status)
