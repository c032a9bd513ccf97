"""`inspect`: inspects the content of small objects. The worker inspects the large ones."""

import logging
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.batch_reply import BatchReply, batch_reply
from handlers.context import Context
from s3_catalog import clients
from s3_catalog.environment.inspect_environment import InspectEnvironment
from s3_catalog.exceptions import ContendedError, OutOfScopeError, OutOfTimeError, UnreadableError
from s3_catalog.feed.message import read
from s3_catalog.inspection.inspect_object import inspect_object
from s3_catalog.table.store import Store

_log = logging.getLogger("inspect")
_log.setLevel(logging.INFO)

BUDGET = 150
"""Seconds for one object. The slowest content, nested brackets, takes 100 for 64 MiB."""

RESERVE = 15
"""Seconds that an inspection may take beyond `BUDGET`: for a read to time out, and the write."""

_environment = InspectEnvironment.from_env()
_store = Store(clients.dynamodb(), _environment.table_name, _environment.shards)
_scope = _environment.scope
_s3 = clients.s3()
_max_bytes = _environment.most_mib * 2**20


def handler(delivery: dict[str, Any], context: Context) -> BatchReply:
    """Inspect the objects that the messages of a queue, changes of the catalog, are about.

    Returns the messages that failed or for which no time was left, which the queue delivers again.
    """
    failures = {}
    for message in delivery["Records"]:
        try:
            if context.get_remaining_time_in_millis() < (BUDGET + RESERVE) * 1000:
                raise TimeoutError("no time left in this invocation")
            change = read(message["body"], _scope)
            result = inspect_object(
                _store,
                _s3,
                change["bucket"],
                change["key"],
                _within(BUDGET),
                max_bytes=_max_bytes,
            )
            _log.info("inspected", extra={"result": result.value})
        except OutOfScopeError as error:
            _log.info("%s ignored: %s", message["messageId"], error)
        except (
            TimeoutError,
            UnreadableError,
            ContendedError,
            ClientError,
            BotoCoreError,
        ) as error:
            _log.error("%s failed: %s", message["messageId"], error)
            failures[message["messageId"]] = [str(error)]
    return batch_reply(failures)


def _within(seconds: float) -> Callable[[], None]:
    deadline = time.monotonic() + seconds

    def tick() -> None:
        if time.monotonic() > deadline:
            raise OutOfTimeError

    return tick
