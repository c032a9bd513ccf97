"""The changes as they come: from a queue of the console's own to the stream of events."""

import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich import filesize

from reinventure.aws.change_watcher import Arrival, Watch
from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import pages
from reinventure.console.change_delays import Delays
from reinventure.console.event_stream import EventStream
from reinventure.printable import printable
from s3_catalog.model.row import OUT_OF_SCOPE, RECONCILED

MAX_SHOWN = 40
"""Changes that a page shows when it is loaded."""

_POLL_SECONDS = 2
"""So that the console stops soon: it deletes the queue then."""

_RETRY_SECONDS = 5.0


class _StoppedError(Exception):
    """The console is being stopped."""


class FollowedChanges:
    """The last changes of all buckets of `catalog`, each published to `events` as `change`."""

    def __init__(self, catalog: DeployedCatalog, events: EventStream) -> None:
        self._catalog, self._events = catalog, events
        self._last: deque[dict[str, object]] = deque(maxlen=MAX_SHOWN)
        self._stopping = threading.Event()
        self.delays = Delays()
        """From S3 to the change feed."""
        self.count = 0
        """How many changes came since the console was started."""
        self.problem: str | None = None
        """Why changes do not come, None if they do."""
        self.following = False
        """Whether changes from now on come here."""

    def last(self) -> list[dict[str, object]]:
        """Return the last changes, newest first."""
        return list(reversed(self._last))

    def stop(self) -> None:
        """End `follow`, within seconds."""
        self._stopping.set()

    def follow(self) -> None:
        """Follow the changes until `stop`. After an error of AWS it starts again."""
        while not self._stopping.is_set():
            watch = Watch(
                self._catalog, "", self._check, every_bucket=True, poll_seconds=_POLL_SECONDS
            )
            try:
                with watch.arriving() as arrivals:
                    self.following = True
                    self._tell(None)
                    for arrival in arrivals:
                        self._add(arrival)
            except _StoppedError:
                return
            except (ClientError, BotoCoreError) as error:
                self.following = False
                self._tell(explain(error))
                self._stopping.wait(_RETRY_SECONDS)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError

    def _tell(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._events.publish("following", {"problem": problem})

    def _add(self, arrival: Arrival) -> None:
        shown = data(arrival)
        if isinstance(delay := shown["milliseconds"], float):
            self.delays.add(arrival.sent_at, delay)
        self._last.append(shown)
        self.count += 1
        self._events.publish("change", shown)


def data(arrival: Arrival) -> dict[str, object]:
    """Return what a page shows of a change, as JSON.

    `milliseconds` is the time from the event at S3 to the change feed, by the clocks of AWS; None
    for a change without an event, such as a repair. `texts` are the fields of its row in the list,
    and `href` is the page of its key.
    """
    message: Mapping[str, Any] = arrival.message
    state, delay = message["new"], _delay(message, arrival.sent_at)
    return {
        "bucket": message["bucket"],
        "milliseconds": delay,
        "href": pages.of_key(message["bucket"], message["key"]),
        "texts": {
            "time": message["time"][11:19],
            "kind": message["kind"],
            "key": printable(message["key"]),
            "size": filesize.decimal(state["size"]) if state else "",
            "delay": "" if delay is None else f"+{delay:,.0f} ms",
        },
    }


def _delay(message: Mapping[str, Any], sent_at: datetime) -> float | None:
    # The time of a repair is that of its lookup, and the event may have been long before.
    if message["event"] in (RECONCILED, OUT_OF_SCOPE):
        return None
    delay = (sent_at - datetime.fromisoformat(message["time"])).total_seconds() * 1000
    return max(0.0, round(delay, 1))
