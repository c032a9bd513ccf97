"""Invocations of the function `mirror`: with rows to write, or to create the tables."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reinventure.aws.connection import config
from reinventure.errors import UserError

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_lambda import LambdaClient


def slow_config() -> "Config":
    """Return the configuration of the client of the function.

    The function may run for two minutes while the database resumes.
    """
    return config(read_timeout=150)


def create_tables(functions: "LambdaClient", mirror_arn: str) -> None:
    """Create the tables of the mirror and its reader, unless they exist. Idempotent.

    Only the function has the permission for it. Raises as `write` does.
    """
    write(functions, mirror_arn, [])


def write(functions: "LambdaClient", mirror_arn: str, records: Sequence[dict[str, str]]) -> None:
    """Have the function write `records`, messages as in a delivery from its queue.

    Raises UserError when the function fails, and botocore's ClientError or BotoCoreError when it
    cannot be invoked.
    """
    reply = functions.invoke(
        FunctionName=mirror_arn, Payload=json.dumps({"Records": records}).encode()
    )
    answer = json.loads(reply["Payload"].read())
    if "FunctionError" in reply:
        raise UserError(f"the function of the mirror failed: {answer.get('errorMessage')}")
    if answer["batchItemFailures"]:
        raise UserError(
            f"{len(answer['batchItemFailures'])} rows could not be mirrored: "
            f"{answer['errors'][0]}. Run the command again: it is idempotent"
        )
