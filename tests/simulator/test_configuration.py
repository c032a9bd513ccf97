"""Two other writers of a notification configuration, in every order with our requests.

A change of theirs is lost if it comes between our last reading and our write, and only then. One
that overwrites ours before we read back is merged again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, product
from typing import Any, TypeVar, cast

import pytest

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.eventbridge_switch import EventBridgeSwitch
from tests.simulator.clock import Clock
from tests.simulator.configuration import Configuration, ConfigurationClient, OtherWriter
from tests.simulator.network import Network, Place

_T = TypeVar("_T")

BUCKET = "simulated-bucket"
ADD, REMOVE, REPLACE = range(3)

SLOTS = 7
"""Before each of our four requests, and three more: a merge takes four again."""

Moments = tuple[int, int]
"""The numbers of our requests before which another writer reads, and writes."""


class Slots(Network):
    """A network on which others act `before` the request of a number, without faults."""

    def __init__(self) -> None:
        super().__init__(lambda *_: None, Counter())
        self.before: dict[int, list[Callable[[], None]]] = defaultdict(list)
        self.requests: list[str] = []

    def request(self, service: str, place: Place, effect: Callable[[], _T]) -> _T:  # noqa: ARG002
        """Let others act, then execute `effect`."""
        self.act()
        self.requests.append(effect.__name__)
        return effect()

    def act(self) -> None:
        """Let others do what they do before the next request."""
        for step in self.before.pop(len(self.requests), []):
            step()


class Race:
    """Turning a switch `on` or off, while others make `changes`, each at its two `moments`."""

    def __init__(self, on: bool, changes: tuple[int, ...], moments: tuple[Moments, ...]) -> None:
        clock, self.network = Clock(), Slots()
        self.configuration = Configuration(clock.now, on=not on)
        configurations = {BUCKET: self.configuration}
        self.client = ConfigurationClient(configurations, self.network, clock, self.network.seen)
        self.on = on
        self.steps: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        for number, (change, (read, write)) in enumerate(zip(changes, moments, strict=True)):
            self.steps[read].append((number, None))
            self.steps[write].append((number, change))
        for moment, step in _acted(self.steps, self.configuration, len(changes)):
            self.network.before[moment].append(step)

    def play(self) -> None:
        """Turn the switch, and let others finish."""
        notifications = BucketNotifications(cast("Any", self.client), "111122223333")
        switch = EventBridgeSwitch(notifications, BUCKET, "us-east-1", lambda _: None)
        switch.turn(self.on)
        assert self.client.reading
        assert self.client.reading.on == self.on
        for moment in sorted(self.network.before):
            for step in self.network.before[moment]:
                step()

    @property
    def lost(self) -> bool:
        """Whether a change of others was lost."""
        return bool(self.network.seen["a foreign write is lost during our request"])

    @property
    def within(self) -> bool:
        """Whether others wrote between a reading of ours and the write after it."""
        return any(
            self.network.requests[moment] == "put"
            for moment, steps in self.steps.items()
            for _, change in steps
            if change is not None and moment < len(self.network.requests)
        )

    def entries_without_us(self, others: int) -> tuple[str, ...]:
        """Return the entries as the `others` alone would have left them."""
        alone = Configuration(Clock().now, on=False)
        for _, step in _acted(self.steps, alone, others):
            step()
        return alone.entries


def _acted(
    steps: dict[int, list[tuple[int, int | None]]], configuration: Configuration, others: int
) -> Iterator[tuple[int, Callable[[], None]]]:
    """Yield moments and `steps` of other writers of `configuration`, in order."""
    writers = [OtherWriter(configuration) for _ in range(others)]
    for moment in sorted(steps):
        for number, change in steps[moment]:
            yield moment, _step(writers[number], change)


def _step(writer: OtherWriter, change: int | None) -> Callable[[], None]:
    if change is None:
        return writer.read
    return lambda: writer.write(change, Clock().now)


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("changes", [(ADD, ADD), (REMOVE, REPLACE)])
def test_only_a_write_between_our_reading_and_our_write_is_lost(
    changes: tuple[int, int], on: bool
) -> None:
    seen: Counter[str] = Counter()
    spans = list(combinations_with_replacement(range(SLOTS), 2))
    for moments in product(spans, spans):
        race = Race(on, changes, moments)
        race.play()
        assert race.lost == race.within, moments
        if not race.lost:
            kept = race.configuration.entries
            assert kept == race.entries_without_us(len(changes)), moments
        seen["lost"] += race.lost
        seen["kept"] += not race.lost
        seen["merged again"] += race.network.requests.count("put") > 1
    assert {"lost", "kept", "merged again"} <= (+seen).keys()
