"""The function that looks inside small objects; the worker does the large ones."""

import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from handlers.context import Context
from s3_catalog.client_config import CONFIG
from s3_catalog.errors import ContendedError, OutOfTimeError, UnreadableError
from s3_catalog.feed.message import read
from s3_catalog.inspection.inspect_object import inspect_object
from s3_catalog.table.store import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_log = logging.getLogger("inspect")
_log.setLevel(logging.INFO)

BUDGET = 150
"""Seconds for one object. The slowest content, brackets within brackets, takes 100 for 64 MiB."""

RESERVE = 15
"""Seconds that a look may take over its budget: until a read times out, and to write the row."""

_store = Store.from_environment(os.environ)
_s3 = cast("S3Client", botocore.session.Session().create_client("s3", config=CONFIG))
_bucket = os.environ["BUCKET_NAME"]
_most = int(os.environ["MOST_MIB"]) * 2**20


def handler(delivery: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look inside the objects that changes in a queue are about.

    Returns the messages that failed, or that there was no time for, for the queue to deliver again
    (`batchItemFailures`).
    """
    failed = []
    for message in delivery["Records"]:
        try:
            if context.get_remaining_time_in_millis() < (BUDGET + RESERVE) * 1000:
                raise TimeoutError("no time left in this invocation")
            key = read(message["body"], _bucket)["key"]
            result = inspect_object(_store, _s3, _bucket, key, _within(BUDGET), max_bytes=_most)
            _log.info("inspected", extra={"result": result.value})
        except (
            TimeoutError,
            UnreadableError,
            ContendedError,
            ClientError,
            BotoCoreError,
        ) as error:
            _log.error("%s failed: %s", message["messageId"], error)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def _within(seconds: float) -> Callable[[], None]:
    deadline = time.monotonic() + seconds

    def tick() -> None:
        if time.monotonic() > deadline:
            raise OutOfTimeError

    return tick
