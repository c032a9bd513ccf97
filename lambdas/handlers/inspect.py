"""`inspect`: inspects the content of small objects. The worker inspects the large ones."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.batch_reply import BatchReply, batch_reply
from handlers.context import Context
from s3_catalog import clients, key_log
from s3_catalog.environment.inspect_environment import InspectEnvironment
from s3_catalog.exceptions import ContendedError, OutOfScopeError, OutOfTimeError, UnreadableError
from s3_catalog.feed.message import read
from s3_catalog.inspection.inspect_object import Result, inspect_object
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
    outcomes = Counter[str]()
    for message in delivery["Records"]:
        identifier = message["messageId"]
        change: dict[str, Any] = {}
        try:
            if context.get_remaining_time_in_millis() < (BUDGET + RESERVE) * 1000:
                raise TimeoutError("no time left in this invocation")
            change = read(message["body"], _scope)
            outcomes[_inspect(change, identifier).value] += 1
        except OutOfScopeError as error:
            outcomes["out of scope"] += 1
            _log.debug("%s ignored: %s", identifier, error)
        except (
            TimeoutError,
            UnreadableError,
            ContendedError,
            ClientError,
            BotoCoreError,
        ) as error:
            outcomes["failed"] += 1
            _log.error("%s failed: %s", identifier, error)
            if change:
                key_log.log_failure(change["bucket"], change["key"], change.get("sequencer"), error)
            failures[identifier] = [str(error)]
    _log.info("inspected", extra={"outcomes": dict(outcomes)})
    return batch_reply(failures)


def _inspect(change: dict[str, Any], message_id: str) -> Result:
    bucket, key = change["bucket"], change["key"]
    result = inspect_object(_store, _s3, bucket, key, _within(BUDGET), max_bytes=_max_bytes)
    if key_log.ENABLED:
        key_log.log(
            key_log.INSPECTED,
            bucket,
            key,
            sequencer=change.get("sequencer"),
            outcome=result.value,
            message_id=message_id,
        )
    return result


def _within(seconds: float) -> Callable[[], None]:
    deadline = time.monotonic() + seconds

    def tick() -> None:
        if time.monotonic() > deadline:
            raise OutOfTimeError

    return tick
