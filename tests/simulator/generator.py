"""Drawing histories that are likely to find errors, from any source of chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from tests.simulator import fault_kinds
from tests.simulator.attachments import SCOPES
from tests.simulator.delivery import TRANSPORTS
from tests.simulator.fault_kinds import OF_ACTIONS, OF_TROUBLES, Chance, FaultKind
from tests.simulator.history import Action, Fault, History, Poison, Setup, Step, Trouble

STEPS = 60

_EVERY = 4

_T = TypeVar("_T")


def _weighted(weights: dict[_T, int]) -> list[_T]:
    return [item for item, weight in weights.items() for _ in range(weight)]


_CHANGES = _weighted(
    {
        Action.PUT: 16,
        Action.START: 8,
        Action.COMPLETE: 8,
        Action.DELETE: 6,
        Action.DELETE_VERSION: 5,
        Action.DELETE_CURRENT: 4,
        Action.DELETE_MARKER: 4,
        Action.EXPIRE: 10,
        Action.EXPIRE_OLD: 3,
        Action.SWITCH: 1,
        Action.TAG: 1,
        Action.TRANSITION: 4,
        Action.RESTORE: 4,
    }
)
_MEANWHILE = _weighted({Action.DELIVER: 16, Action.DUPLICATE: 2, Action.ARRIVE: 2}) + _CHANGES
_ALL = _MEANWHILE + _weighted(
    {
        Action.DELIVER: 30,
        Action.DUPLICATE: 8,
        Action.FORGE: 2,
        Action.REDRIVE: 5,
        Action.LOSE: 2,
        Action.RECONCILE: 3,
        Action.WAIT: 7,
        Action.ARRIVE: 2,
        Action.SETTLE: 2,
    }
)
_UPLOADS = _weighted(
    {
        Action.START: 10,
        Action.COMPLETE: 10,
        Action.PUT: 8,
        Action.DELETE: 4,
        Action.DELIVER: 20,
        Action.DUPLICATE: 2,
        Action.RECONCILE: 2,
        Action.WAIT: 2,
        Action.EXPIRE: 2,
        Action.TRANSITION: 2,
    }
)
"""Many uploads that overlap with other changes, most of them within seconds."""

_CONFIGURATION = _weighted({Action.READ_CONFIGURATION: 2, Action.WRITE_CONFIGURATION: 3})
_MANY = [*_ALL, *[Action.DEPLOY] * 16, *_CONFIGURATION * 2, *[Action.WAIT] * 6]
_MANY_MEANWHILE = [*_MEANWHILE, *[Action.DEPLOY] * 4, *_CONFIGURATION]

_FAULTS = _weighted(dict.fromkeys(Trouble, 3) | {Trouble.BEFORE: 5, Trouble.AFTER: 5})
_RACES = [*_FAULTS, *[Trouble.BEFORE, Trouble.AFTER] * 20]
_CLOCKS = (0, 5, -5, 2)
_POISONS = (*[None] * 9, *Poison)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the steps of a history are drawn from, with faults of `kinds` only.

    The history is of one bucket, or of a scope with `many`. While a request waits, others do what
    `meanwhile` has. Of a deployment there are `races`, not `troubles`.
    """

    many: bool
    kinds: frozenset[FaultKind]
    actions: Sequence[Action]
    meanwhile: Sequence[Action]
    troubles: Sequence[Trouble]
    races: Sequence[Trouble]


def choice(
    kinds: frozenset[FaultKind], actions: Sequence[Action] = _ALL, *, many: bool = False
) -> Choice:
    """Return what remains of `actions`, or of those of a scope, with faults of `kinds` only."""

    def without(items: Sequence[_T], of: Mapping[_T, FaultKind]) -> list[_T]:
        return [item for item in items if item not in of or of[item] in kinds]

    return Choice(
        many=many,
        kinds=kinds,
        actions=without(_MANY if many else actions, OF_ACTIONS),
        meanwhile=without(_MANY_MEANWHILE if many else _MEANWHILE, OF_ACTIONS),
        troubles=without(_FAULTS, OF_TROUBLES),
        races=without(_RACES, OF_TROUBLES),
    )


def setup(below: Chance, kinds: frozenset[FaultKind], *, many: bool = False) -> Setup:
    """Draw circumstances with faults of `kinds` only: of one bucket, or of a scope with `many`."""
    drawn = Setup(
        transport=below(len(TRANSPORTS)),
        versioned=below(3) > 0,
        by_start=below(2) > 0,
        s3_clock=_choose(below, _CLOCKS) if FaultKind.CLOCKS in kinds else 0,
        ttl_lag=_choose(below, (0, 2, 1000)),
        keys=_choose(below, (1, 2, 2, 3, 3, 9)),
        size=_choose(below, (25, 2)),
        poison=_choose(below, _POISONS),
        in_order=FaultKind.REORDERING not in kinds,
        exact_times=FaultKind.INEXACT_TIMES not in kinds,
        repairing=below(4) == 3,
    )
    if not many:
        return drawn
    return replace(drawn, poison=None, scope=1 + below(len(SCOPES)), moving=below(3) > 0)


def step(below: Chance, of: Choice) -> Step:
    """Draw a step, often with trouble."""
    action = _choose(below, of.actions)
    if action not in {Action.DELIVER, Action.REDRIVE, Action.RECONCILE, Action.DEPLOY}:
        return _change(below, action, many=of.many)
    others, troubles = of.meanwhile, of.troubles
    if action is Action.DEPLOY:
        writers = _CONFIGURATION * 8 if FaultKind.OTHER_WRITERS in of.kinds else []
        others, troubles = [*writers, *others], of.races
    return Step(
        action,
        bucket=below(2) if of.many else 0,
        pick=below(100) if below(3) else -1,
        count=1 + below(10),
        flag=below(4) == 3,
        offset=_offset(below, of),
        faults=tuple(
            _fault(below, _choose(below, troubles), others, of)
            for _ in range(max(0, below(5) - 2) if troubles else 0)
        ),
    )


def of_many(count: int) -> range:
    """Return the numbers of the first histories of a scope with many buckets."""
    return range(_EVERY - 1, _EVERY * count, _EVERY)


def history(seed: int) -> History:
    """Return the history number `seed`: every fourth one is of a scope with many buckets."""
    below = Random(seed).randrange  # noqa: S311  (not for secrets)
    many = seed % _EVERY == _EVERY - 1
    actions = _UPLOADS if below(2) else _ALL
    kinds = fault_kinds.drawn(below)
    of = choice(kinds, actions, many=many)
    drawn = setup(below, kinds, many=many)
    return History(drawn, tuple(step(below, of) for _ in range(below(STEPS) + 1)))


def _change(below: Chance, action: Action, keys: int = 0, *, many: bool) -> Step:
    return Step(
        action,
        bucket=below(2) if many else 0,
        key=below(9 + keys) - keys,
        pick=below(100),
        flag=below(3) == 2,
    )


def _fault(below: Chance, trouble: Trouble, others: Sequence[Action], of: Choice) -> Fault:
    meanwhile = 1 + below(4) if trouble in {Trouble.BEFORE, Trouble.AFTER} else 0
    return Fault(
        trouble,
        call=below(6),
        detail=below(12),
        meanwhile=tuple(_other(below, others, of) for _ in range(meanwhile)),
    )


def _other(below: Chance, others: Sequence[Action], of: Choice) -> Step:
    """Draw one of the actions of `others` while the function waits, mostly of the same key."""
    action = _choose(below, others)
    if action is Action.DELIVER:
        return Step(action, pick=below(100) - 1, count=1 + below(3), offset=_offset(below, of))
    return _change(below, action, keys=20, many=of.many)


def _offset(below: Chance, of: Choice) -> int:
    return _choose(below, _CLOCKS) if FaultKind.CLOCKS in of.kinds else 0


def _choose(below: Chance, items: Sequence[_T]) -> _T:
    return items[below(len(items))]
