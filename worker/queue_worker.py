"""A worker: it takes messages from the queue of large objects and inspects them one at a time."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from s3_catalog.errors import CatalogError, ContendedError, OutOfTimeError, UnreadableError
from s3_catalog.feed.message import read
from s3_catalog.inspection.inspect_object import inspect_object
from s3_catalog.table.store import Store

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_log = logging.getLogger("worker")

POLL = 20
"""Seconds to wait for a message: SQS's longest."""

HOLD = 180
"""Seconds for which a message that is worked on is hidden from other workers."""

BEAT = 60
"""Seconds after which it is hidden for another `HOLD`."""

BUDGET = 11 * 3600
"""Seconds for one object. A message cannot be hidden for more than 12 hours."""

GRACE = 90
"""Seconds for the object at work when the end is asked for; ECS kills after 120."""

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=POLL + 10,
    retries={"mode": "standard", "total_max_attempts": 5},
)


class LeavingError(CatalogError):
    """The end was asked for, and the object at work takes longer than that can wait."""


class Worker:
    """Takes changes from the queue at `queue_url` and looks inside the objects they are about.

    It reads ahead into the folder `scratch`.
    """

    def __init__(
        self,
        *,
        sqs: "SQSClient",
        s3: "S3Client",
        store: Store,
        queue_url: str,
        bucket: str,
        scratch: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sqs = sqs
        self._s3 = s3
        self._store = store
        self._queue_url = queue_url
        self._bucket = bucket
        self._scratch = scratch
        self._clock = clock
        self._leave_by: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Worker":
        """Return the worker that `QUEUE_URL`, `BUCKET_NAME`, `TABLE_NAME`, `SHARDS` describe.

        It reads ahead into the folder `TMPDIR`.
        """
        session = botocore.session.Session()
        return cls(
            sqs=cast("SQSClient", session.create_client("sqs", config=_CONFIG)),
            s3=cast("S3Client", session.create_client("s3", config=_CONFIG)),
            store=Store.from_environment(environment),
            queue_url=environment["QUEUE_URL"],
            bucket=environment["BUCKET_NAME"],
            scratch=Path(environment["TMPDIR"]),
        )

    def leave(self, *_: object) -> None:
        """Ask for the end: no further message is taken, and the one at work gets `GRACE`."""
        if self._leave_by is None:
            self._leave_by = self._clock() + GRACE

    def run(self) -> None:
        """Work until the end is asked for. Raises botocore's errors when the queue is not there."""
        while self._leave_by is None:
            self.turn()

    def turn(self) -> None:
        """Wait for a message, and work on it if one comes."""
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
            with self._held(receipt):
                key = read(message["Body"], self._bucket)["key"]
                result = inspect_object(
                    self._store,
                    self._s3,
                    self._bucket,
                    key,
                    self._ticks(),
                    scratch=self._scratch,
                )
        except LeavingError:
            _log.info("%s given back", name)
            self._hide(receipt, 0)
        except (UnreadableError, ContendedError, ClientError, BotoCoreError, OSError) as error:
            # It comes back when its time is over, and after some tries goes to the failures.
            _log.error("%s failed: %s", name, error)
        else:
            _log.info("%s %s", name, result.value)
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=receipt)

    def _ticks(self) -> Callable[[], None]:
        deadline = self._clock() + BUDGET

        def tick() -> None:
            now = self._clock()
            if self._leave_by is not None and now > self._leave_by:
                raise LeavingError
            if now > deadline:
                raise OutOfTimeError

        return tick

    @contextmanager
    def _held(self, receipt: str) -> Iterator[None]:
        """Keep a message hidden from others as long as this lasts."""
        done = Event()

        def beat() -> None:
            while not done.wait(BEAT):
                try:
                    self._hide(receipt, HOLD)
                except (ClientError, BotoCoreError) as error:
                    # At worst another worker looks at the same object, and finds the same.
                    _log.warning("a message could not be held: %s", error)

        heart = Thread(target=beat, name="heart", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()

    def _hide(self, receipt: str, seconds: int) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
        )
