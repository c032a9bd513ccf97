"""How long events took from S3 until their rows were written, by the decisions that `ingest` logs.

The functions of the local cloud log each decision (`s3_catalog.key_log`). In an account they do so
with the setting `log_level=debug` only, and to read all lines has a price: there it is not done.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reinventure.aws.connection import config
from reinventure.console.change_delays import Delays, Quantiles
from reinventure.console.function_calls import WINDOW
from s3_catalog import key_log
from s3_catalog.correction import LOOKED_UP
from s3_catalog.model.row import OUT_OF_SCOPE, RECONCILED
from s3_catalog.model.timestamps import microseconds
from s3_catalog.table.store import Outcome

if TYPE_CHECKING:
    import boto3

_LATE = timedelta(seconds=5)
"""How late a line may come into the log, after the time that it has."""

_WRITES = frozenset({Outcome.WRITTEN.value, LOOKED_UP})


@dataclass
class LoggedWrites:
    """The decisions of `ingest`, each read once."""

    session: "boto3.Session"
    _delays: Delays = field(default_factory=Delays)
    _seen: frozenset[str] = frozenset()
    """The lines of the last reading, some of which the next one finds again."""
    _since: datetime | None = None

    def last(self, function: str, now: datetime) -> Quantiles:
        """Return the delays of the last minutes, of the rows that `function` wrote.

        Raises botocore's ClientError or BotoCoreError.
        """
        found = frozenset(self._lines(function, self._since or now - WINDOW))
        delays = sorted(filter(None, map(_delay, found - self._seen)))
        for at, milliseconds in delays:
            self._delays.add(at, milliseconds)
        self._seen, self._since = found, now - _LATE
        return self._delays.last(WINDOW, now)

    @cached_property
    def _logs(self) -> Any:
        return self.session.client("logs", config=config())

    def _lines(self, function: str, since: datetime) -> Iterator[str]:
        functions = self.session.client("lambda", config=config())
        group = functions.get_function_configuration(FunctionName=function)
        for page in self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["LoggingConfig"]["LogGroup"],
            filterPattern=f'"{key_log.DECIDED}"',
            startTime=microseconds(since) // 1000,
        ):
            yield from (event["message"] for event in page["events"])


def _delay(text: str) -> tuple[datetime, float] | None:
    """Return when a line's row was written, and the milliseconds since its event; None for none.

    The time of a repair is that of its lookup, and the event may have been long before.
    """
    try:
        line: object = json.loads(text)
    except ValueError:
        return None
    if (
        not isinstance(line, dict)
        or (line.get("logger"), line.get("message")) != (key_log.LOGGER, key_log.DECIDED)
        or line.get("outcome") not in _WRITES
        or line.get("event_name") in (None, RECONCILED, OUT_OF_SCOPE)
    ):
        return None
    at = datetime.fromtimestamp(line["at"] / 1_000_000, UTC)
    happened = datetime.fromisoformat(line["event_time"])
    return at, max(0.0, (at - happened) / timedelta(milliseconds=1))
