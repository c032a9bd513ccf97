"""Drawing histories that are likely to find errors, from any source of chance."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from tests.simulator.attachments import SCOPES
from tests.simulator.delivery import TRANSPORTS
from tests.simulator.history import Action, Fault, History, Poison, Setup, Step, Trouble

STEPS = 60

_EVERY = 4

Chance = Callable[[int], int]
"""Draws a number from zero up to, but not including, its argument."""

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


def setup(below: Chance, *, many: bool = False) -> Setup:
    """Draw circumstances: of one bucket, or of a scope with `many`."""
    drawn = Setup(
        transport=below(len(TRANSPORTS)),
        versioned=below(3) > 0,
        by_start=below(2) > 0,
        s3_clock=_choose(below, _CLOCKS),
        ttl_lag=_choose(below, (0, 2, 1000)),
        keys=_choose(below, (1, 2, 2, 3, 3, 9)),
        size=_choose(below, (25, 2)),
        poison=_choose(below, _POISONS),
        lossy=below(4) == 3,
        repairing=below(4) == 3,
    )
    if not many:
        return drawn
    return replace(drawn, poison=None, scope=1 + below(len(SCOPES)), moving=below(3) > 0)


def step(below: Chance, actions: Sequence[Action] = _ALL, *, many: bool = False) -> Step:
    """Draw a step, often with trouble."""
    action = _choose(below, _MANY if many else actions)
    if action not in {Action.DELIVER, Action.REDRIVE, Action.RECONCILE, Action.DEPLOY}:
        return _change(below, action, many=many)
    others = _MANY_MEANWHILE if many else _MEANWHILE
    troubles = _FAULTS
    if action is Action.DEPLOY:
        others, troubles = _CONFIGURATION * 8 + others, _RACES
    return Step(
        action,
        bucket=below(2) if many else 0,
        pick=below(100) if below(3) else -1,
        count=1 + below(10),
        flag=below(4) == 3,
        offset=_choose(below, _CLOCKS),
        faults=tuple(
            _fault(below, troubles, others, many=many) for _ in range(max(0, below(5) - 2))
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
    drawn = setup(below, many=many)
    return History(drawn, tuple(step(below, actions, many=many) for _ in range(below(STEPS) + 1)))


def _change(below: Chance, action: Action, keys: int = 0, *, many: bool) -> Step:
    return Step(
        action,
        bucket=below(2) if many else 0,
        key=below(9 + keys) - keys,
        pick=below(100),
        flag=below(3) == 2,
    )


def _fault(
    below: Chance, troubles: Sequence[Trouble], others: Sequence[Action], *, many: bool
) -> Fault:
    trouble = _choose(below, troubles)
    meanwhile = 1 + below(4) if trouble in {Trouble.BEFORE, Trouble.AFTER} else 0
    return Fault(
        trouble,
        call=below(6),
        detail=below(12),
        meanwhile=tuple(_other(below, others, many=many) for _ in range(meanwhile)),
    )


def _other(below: Chance, others: Sequence[Action], *, many: bool) -> Step:
    """Draw one of the actions of `others` while the function waits, mostly of the same key."""
    action = _choose(below, others)
    if action is Action.DELIVER:
        return Step(action, pick=below(100) - 1, count=1 + below(3), offset=_choose(below, _CLOCKS))
    return _change(below, action, keys=20, many=many)


def _choose(below: Chance, items: Sequence[_T]) -> _T:
    return items[below(len(items))]
