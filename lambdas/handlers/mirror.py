"""`mirror`: writes messages of the change feed to the SQL mirror in Aurora."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from handlers.batch_reply import BatchReply, batch_reply
from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.mirror_environment import MirrorEnvironment
from s3_catalog.exceptions import DatabaseAsleepError
from s3_catalog.sql_mirror import data_api
from s3_catalog.sql_mirror.data_api import Database
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter

_log = logging.getLogger("mirror")
_log.setLevel(logging.INFO)

POLL = 1
"""Seconds between two attempts while the database resumes."""

RESERVE = 60_000
"""Milliseconds that a statement may take once the database has resumed."""

_environment = MirrorEnvironment.from_env()


def _reader_password() -> str:
    secret = clients.secretsmanager().get_secret_value(SecretId=_environment.reader_secret_arn)
    return str(json.loads(secret["SecretString"])["password"])


def _no_wait() -> None:
    raise DatabaseAsleepError("the database is resuming")


# Created during the initialization, when Lambda gives the function a full processor.
_writer = MirrorWriter(
    Database(
        clients.rds_data(data_api.config()),
        _environment.cluster_arn,
        _environment.secret_arn,
        _no_wait,
    ),
    _environment.bucket_name,
    _reader_password,
)


def handler(delivery: dict[str, Any], context: Context) -> BatchReply:
    """Write the states in the messages of a queue to the database.

    Returns the messages that failed, which the queue delivers again. A delivery without messages,
    which a deployment sends, creates the tables; it raises what prevents that.
    """
    bodies = {message["messageId"]: message["body"] for message in delivery["Records"]}
    wait = _wait_within(context)
    if not bodies:
        _writer.prepare(wait)
    failures = _writer.apply(bodies, wait)
    _log.info("mirrored", extra={"messages": len(bodies), "failed": len(failures)})
    for message, reason in failures.items():
        _log.error("%s failed: %s", message, reason)
    return batch_reply({message: [reason] for message, reason in failures.items()})


def _wait_within(context: Context) -> Callable[[], None]:
    def wait() -> None:
        if context.get_remaining_time_in_millis() < RESERVE:
            raise DatabaseAsleepError("the database has not resumed yet")
        time.sleep(POLL)

    return wait
