"""The function that CodeDeploy asks before it sends events to a new version of `ingest`."""

import logging
import os
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

from handlers.context import Context
from s3_catalog.client_config import CONFIG
from s3_catalog.rollout.hook_status import verdict
from s3_catalog.rollout.pre_traffic_test import PreTrafficTest

if TYPE_CHECKING:
    from types_boto3_codedeploy import CodeDeployClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient

logging.getLogger("rollout").setLevel(logging.INFO)

_session = botocore.session.Session()
_codedeploy = cast("CodeDeployClient", _session.create_client("codedeploy", config=CONFIG))
_dynamodb = cast("DynamoDBClient", _session.create_client("dynamodb", config=CONFIG))
# Once, and for as long as `ingest` itself may take: a second call would change what is found.
_ONCE = Config(connect_timeout=2, read_timeout=35, retries={"total_max_attempts": 1})
_functions = cast("LambdaClient", _session.create_client("lambda", config=_ONCE))


def handler(hook: dict[str, Any], context: Context) -> None:
    """Try the new version, and tell CodeDeploy whether it may be sent events.

    Raises what the trial raises, after CodeDeploy has been told.
    """
    with verdict(_codedeploy, hook, context.get_remaining_time_in_millis() / 1000):
        PreTrafficTest(
            _functions,
            _dynamodb,
            version=os.environ["VERSION_ARN"],
            table=os.environ["TABLE_NAME"],
            shards=int(os.environ["SHARDS"]),
            key=os.environ["KEY_ARN"],
        ).run()
