"""`post_traffic`: CodeDeploy's hook after all events reach a new version of `ingest`."""

import logging
from typing import Any

from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.post_traffic_environment import PostTrafficEnvironment
from s3_catalog.rollout.comparison import compare, invocations
from s3_catalog.rollout.hook_status import report_status

logging.getLogger("s3_catalog.rollout").setLevel(logging.INFO)

_codedeploy = clients.codedeploy()
_cloudwatch = clients.cloudwatch()


def handler(hook: dict[str, Any], context: Context) -> None:
    """Compare the new version with those before it, and report the result to CodeDeploy.

    Raises the errors of the comparison, after the report.
    """
    with report_status(_codedeploy, hook, context.get_remaining_time_in_millis() / 1000):
        # Here, not at import: a missing variable, too, is reported as "Failed".
        environment = PostTrafficEnvironment.from_env()
        new, before = invocations(
            _cloudwatch, environment.function_name, environment.alias_name, environment.version
        )
        compare(new, before)
