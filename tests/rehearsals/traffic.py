"""Changes of the bucket beside a failure."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.fault_control import Fault, FaultControl
from tests.local.storm import WRITERS, storm

ROUND = 20
"""Changes of a round of a storm."""

PAUSE = 1.0
"""Seconds between two rounds. Without it, events wait for minutes on a busy machine."""


class Traffic:
    """Storms one after the other in a thread; `changes` is the number of changes so far."""

    def __init__(self, catalog: DeployedCatalog, seed: int) -> None:
        self._catalog, self._seed = catalog, seed
        self._stop = Event()
        self._errors: list[Exception] = []
        self.changes = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make changes; raise at the end what a writer has raised."""
        thread = Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self) -> None:
        try:
            for number in count(1):
                storm(self._catalog, ROUND, seed=1000 * self._seed + number)
                self.changes += ROUND
                if self._stop.wait(PAUSE):
                    return
        except Exception as error:  # noqa: BLE001 (raised where the test waits)
            self._errors.append(error)


def put_all(catalog: DeployedCatalog, keys: list[str], body: bytes = b"x") -> None:
    """Put an object of each key."""
    with ThreadPoolExecutor(WRITERS) as pool:
        list(
            pool.map(
                lambda key: catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body), keys
            )
        )


def put_unseen(catalog: DeployedCatalog, control: FaultControl, keys: list[str]) -> None:
    """Put an object of each key, of which S3 sends no event."""
    control.begin(Fault.NOTIFICATIONS_OFF, catalog.bucket, 60)
    put_all(catalog, keys)
    control.end(Fault.NOTIFICATIONS_OFF)
