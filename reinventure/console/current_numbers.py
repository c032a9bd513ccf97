"""The numbers of the parts as they were read last, published when they change."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.console.event_stream import EventStream
from reinventure.console.part_numbers import PartNumbers


class Reader(Protocol):
    """What reads the numbers of the parts."""

    def read(self) -> dict[str, PartNumbers]:
        """Return the numbers by the ids of parts."""


class CurrentNumbers:
    """The last numbers that `reader` read."""

    def __init__(self, reader: Reader, events: EventStream) -> None:
        self._reader, self._events = reader, events
        self._shown: Mapping[str, PartNumbers] = {}
        self.problem: str | None = None
        """Why the numbers are not current, None if they are."""

    def shown(self) -> Mapping[str, PartNumbers]:
        """Return the numbers by the ids of parts."""
        return self._shown

    def failed(self) -> int:
        """Return the number of messages in all dead-letter queues."""
        return sum(each.waiting for each in self._shown.values())

    def read(self) -> None:
        """Read the numbers. An error of AWS becomes the problem; the numbers are then the old ones.

        Publishes the event `numbers` if something changed.
        """
        before = self._shown, self.problem
        try:
            self._shown = self._reader.read()
            self.problem = None
        except (ClientError, BotoCoreError) as error:
            self.problem = explain(error)
        if (self._shown, self.problem) != before:
            self._events.publish(
                "numbers",
                {
                    "parts": {part: asdict(each) for part, each in self._shown.items()},
                    "failed": self.failed(),
                    "problem": self.problem,
                },
            )
