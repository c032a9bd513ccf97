"""The worker: takes messages about large objects from a queue, and inspects one at a time."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.exceptions import (
    CatalogError,
    ContendedError,
    OutOfScopeError,
    OutOfTimeError,
    UnreadableError,
)
from s3_catalog.feed.message import read
from s3_catalog.inspection.inspect_object import inspect_object
from s3_catalog.model.scope import Scope
from s3_catalog.table.store import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_log = logging.getLogger("worker")

POLL = 20
"""Seconds of a long poll: SQS's maximum."""

HOLD = 180
"""Seconds of a message's visibility timeout while the worker inspects its object."""

BEAT = 60
"""Seconds between two heartbeats, each of which sets the visibility timeout to `HOLD` again."""

BUDGET = 11 * 3600
"""Seconds for one object. SQS hides a message for at most 12 hours."""

GRACE = 90
"""Seconds for the current object after SIGTERM; ECS sends SIGKILL after 120."""

CONFIG = Config(
    connect_timeout=5,
    read_timeout=POLL + 10,
    retries={"mode": "standard", "total_max_attempts": 5},
)
"""Of the clients of SQS and S3: a read may take as long as a long poll."""


class LeavingError(CatalogError):
    """The worker is to stop, and the current object takes longer than `GRACE`."""


class Worker:
    """Receives changes from the queue at `queue_url` and inspects the objects of `scope`.

    It reads ahead into the folder `scratch`. `clock` returns seconds, as time.monotonic does.
    """

    def __init__(
        self,
        *,
        sqs: "SQSClient",
        s3: "S3Client",
        store: Store,
        queue_url: str,
        scope: Scope,
        scratch: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sqs = sqs
        self._s3 = s3
        self._store = store
        self._queue_url = queue_url
        self._scope = scope
        self._scratch = scratch
        self._clock = clock
        self._leave_by: float | None = None

    def leave(self, *_: object) -> None:
        """Stop: receive no further message, and end the current inspection within `GRACE`.

        Can be a signal handler.
        """
        if self._leave_by is None:
            self._leave_by = self._clock() + GRACE

    def run(self) -> None:
        """Work until `leave` is called. Raises botocore's errors when the queue does not exist."""
        while self._leave_by is None:
            self.turn()

    def turn(self) -> None:
        """Wait for a message, at most `POLL` seconds, and handle it."""
        reply = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=POLL,
            VisibilityTimeout=HOLD,
        )
        for message in reply.get("Messages", []):
            self._work(message)

    def _work(self, message: "MessageTypeDef") -> None:
        receipt, name = message["ReceiptHandle"], message["MessageId"]
        try:
            with self._heartbeat(receipt):
                change = read(message["Body"], self._scope)
                place = f"s3://{change['bucket']}/{change['key']}"
                name = f"{name} of {place!r}"
                result = inspect_object(
                    self._store,
                    self._s3,
                    change["bucket"],
                    change["key"],
                    self._tick(),
                    scratch=self._scratch,
                )
        except LeavingError:
            _log.info("%s returned to the queue", name)
            self._set_visibility_timeout(receipt, 0)
        except OutOfScopeError as error:
            _log.info("%s ignored: %s", name, error)
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=receipt)
        except (UnreadableError, ContendedError, ClientError, BotoCoreError, OSError) as error:
            # The queue delivers it again after `HOLD`, and at last moves it to the dead letters.
            _log.error("%s failed: %s", name, error)
        else:
            _log.info("%s %s", name, result.value)
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=receipt)

    def _tick(self) -> Callable[[], None]:
        """Return a function that raises once the object has no more time."""
        deadline = self._clock() + BUDGET

        def tick() -> None:
            now = self._clock()
            if self._leave_by is not None and now > self._leave_by:
                raise LeavingError
            if now > deadline:
                raise OutOfTimeError

        return tick

    @contextmanager
    def _heartbeat(self, receipt: str) -> Iterator[None]:
        """Keep a message invisible to other workers during the body of this context."""
        done = Event()

        def beat() -> None:
            while not done.wait(BEAT):
                try:
                    self._set_visibility_timeout(receipt, HOLD)
                except (ClientError, BotoCoreError) as error:
                    # At worst another worker inspects the same object, with the same result.
                    _log.warning("the visibility timeout could not be extended: %s", error)

        thread = Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _set_visibility_timeout(self, receipt: str, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )
