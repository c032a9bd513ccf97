"""Short histories that are rare among random ones: overlapping uploads, close deletions."""

from tests.simulator.delivery import TRANSPORTS
from tests.simulator.history import Action, History, Setup, Step

START = Step(Action.START)
PUT = Step(Action.PUT, pick=1)
PUT_ANOTHER_KEY = Step(Action.PUT, key=1, pick=1)
DELETE = Step(Action.DELETE)
DELETE_BY_ANOTHER = Step(Action.DELETE, pick=12)
TAG = Step(Action.TAG)
MINUTES = Step(Action.WAIT, pick=3)
RECONCILE = Step(Action.RECONCILE, offset=2)


def complete(number: int = 0) -> Step:
    """Complete upload `number` of those in progress."""
    return Step(Action.COMPLETE, pick=12 + number)


def deliver(number: int = 0, count: int = 1) -> Step:
    """Deliver `count` outstanding messages, from `number` on."""
    return Step(Action.DELIVER, pick=number, count=count)


HISTORIES: dict[str, tuple[Step, ...]] = {
    "a put within a short upload is delivered last": (START, PUT, complete(), deliver(1)),
    "a put within a short upload is delivered first": (START, PUT, complete(), deliver()),
    "a put within a long upload is delivered last": (
        *(START, MINUTES, PUT, MINUTES, complete(), deliver(1)),
    ),
    "a put within a long upload is delivered first": (
        *(START, MINUTES, PUT, MINUTES, complete(), deliver()),
    ),
    "a put within an upload comes last, in a batch": (
        *(START, PUT, complete(), PUT_ANOTHER_KEY, deliver(1), deliver(count=2)),
    ),
    "an upload comes after a put within it, in a batch": (
        *(START, PUT, complete(), PUT_ANOTHER_KEY, deliver(), deliver(count=2)),
    ),
    "a put within an upload, in one batch": (START, PUT, complete(), deliver(count=2)),
    "an upload within an upload comes last, in a batch": (
        *(START, START, complete(1), complete(), PUT_ANOTHER_KEY, deliver(1), deliver(count=2)),
    ),
    "a deletion within an upload": (
        *(PUT, deliver(), START, MINUTES, DELETE, deliver(), MINUTES, complete()),
    ),
    "an upload ends soon after a reconcile": (
        *(PUT, deliver(), DELETE, RECONCILE, START, PUT, deliver(count=4), complete()),
    ),
    # The number of events before them chooses the deviations of their times.
    **{
        f"two deletions within seconds, after {events} events": (
            *(PUT, deliver(), *[TAG, deliver()] * events),
            *(DELETE, PUT, DELETE_BY_ANOTHER, deliver(1), deliver(1)),
        )
        for events in range(8)
    },
}
"""Steps by name. All outstanding messages are delivered at the end."""


def histories(*names: str) -> list[History]:
    """Return the `HISTORIES` of `names`, or all, for each order, transport and kind of bucket."""
    return [
        History(
            Setup(transport, versioned=versioned, by_start=by_start, keys=2, repairing=True),
            HISTORIES[name],
        )
        for name in names or HISTORIES
        for by_start in (False, True)
        for transport in range(len(TRANSPORTS))
        for versioned in (False, True)
    ]
