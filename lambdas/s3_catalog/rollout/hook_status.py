"""Telling CodeDeploy whether a deployment may go on, whatever happens meanwhile."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient

RESERVE = 20
"""Seconds before its own end at which a hook that is not done says "Failed": time to say it in,
also when the first attempts do not get through."""

_log = logging.getLogger(__name__)


@contextmanager
def verdict(
    codedeploy: "CodeDeployClient", hook: Mapping[str, Any], seconds: float
) -> Iterator[None]:
    """Report what the body of this context finds, for the `hook` event of a deployment.

    "Succeeded" if the body ends; "Failed" if it raises, which it goes on to do, or if it is not
    done `RESERVE` before the end of the function, which is in `seconds`. The first word counts:
    CodeDeploy takes no second one. If CodeDeploy cannot be told at all, botocore's ClientError or
    BotoCoreError is raised, and CodeDeploy fails the deployment when its hour is over.
    """
    lock = Lock()
    told = False

    def tell(status: Literal["Succeeded", "Failed"]) -> None:
        nonlocal told
        with lock:
            if told:
                return
            codedeploy.put_lifecycle_event_hook_execution_status(
                deploymentId=hook["DeploymentId"],
                lifecycleEventHookExecutionId=hook["LifecycleEventHookExecutionId"],
                status=status,
            )
            told = True
        _log.info("told CodeDeploy: %s", status)

    last_moment = Timer(max(seconds - RESERVE, 0), tell, ("Failed",))
    last_moment.daemon = True
    last_moment.start()
    status: Literal["Succeeded", "Failed"] = "Failed"
    try:
        yield
        status = "Succeeded"
    finally:
        last_moment.cancel()
        tell(status)
