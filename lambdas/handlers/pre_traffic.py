"""`pre_traffic`: CodeDeploy's hook before events reach a new version of `ingest`."""

import logging
from typing import Any

from botocore.config import Config

from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.pre_traffic_environment import PreTrafficEnvironment
from s3_catalog.rollout.hook_status import report_status
from s3_catalog.rollout.pre_traffic_test import PreTrafficTest

logging.getLogger("s3_catalog.rollout").setLevel(logging.INFO)

_codedeploy = clients.codedeploy()
_dynamodb = clients.dynamodb_tables()
# One attempt, as long as `ingest` itself may take: a second one would change the result.
_functions = clients.lambda_(
    Config(connect_timeout=2, read_timeout=35, retries={"total_max_attempts": 1})
)


def handler(hook: dict[str, Any], context: Context) -> None:
    """Test the new version, and report the result to CodeDeploy.

    Raises the errors of the test, after the report.
    """
    with report_status(_codedeploy, hook, context.get_remaining_time_in_millis() / 1000):
        # Here, not at import: a missing variable, too, is reported as "Failed".
        environment = PreTrafficEnvironment.from_env()
        PreTrafficTest(
            _functions,
            _dynamodb,
            version=environment.version_arn,
            table=environment.table_name,
            shards=environment.shards,
            key=environment.key_arn,
        ).run()
