"""The function that CodeDeploy asks once all events go to a new version of `ingest`."""

import logging
import os
from typing import TYPE_CHECKING, Any, cast

import botocore.session

from handlers.context import Context
from s3_catalog.client_config import CONFIG
from s3_catalog.rollout.comparison import calls, compare
from s3_catalog.rollout.hook_status import verdict

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_codedeploy import CodeDeployClient

logging.getLogger("rollout").setLevel(logging.INFO)

_session = botocore.session.Session()
_codedeploy = cast("CodeDeployClient", _session.create_client("codedeploy", config=CONFIG))
_cloudwatch = cast("CloudWatchClient", _session.create_client("cloudwatch", config=CONFIG))


def handler(hook: dict[str, Any], context: Context) -> None:
    """Compare the new version with those before it, and tell CodeDeploy whether it may stay.

    Raises what the comparison raises, after CodeDeploy has been told.
    """
    with verdict(_codedeploy, hook, context.get_remaining_time_in_millis() / 1000):
        new, before = calls(
            _cloudwatch,
            os.environ["FUNCTION_NAME"],
            os.environ["ALIAS_NAME"],
            os.environ["VERSION"],
        )
        compare(new, before)
