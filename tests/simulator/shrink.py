"""Shrinking a failing history, so that a person can see why it fails."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from tests.simulator.history import Fault, History, Setup, Step


def shrink(history: History, fails: Callable[[History], bool]) -> History:
    """Return the smallest history that can be derived from `history` and still `fails`."""
    while smaller := next(filter(fails, _smaller(history)), None):
        history = smaller
    return history


def _smaller(history: History) -> Iterator[History]:
    steps = history.steps
    size = len(steps)
    while size := size // 2:
        for start in range(0, len(steps), size):
            yield replace(history, steps=steps[:start] + steps[start + size :])
    if len(steps) == 1:
        yield replace(history, steps=())
    for field in fields(Setup):
        if getattr(history.setup, field.name) != field.default:
            setup = replace(history.setup, **{field.name: field.default})  # type: ignore[arg-type]
            yield replace(history, setup=setup)
    for number, step in enumerate(steps):
        for simpler in _simpler(step):
            yield replace(history, steps=(*steps[:number], simpler, *steps[number + 1 :]))


def _simpler(step: Step) -> Iterator[Step]:
    for field in fields(Step):
        if field.name != "action" and getattr(step, field.name) != field.default:
            yield replace(step, **{field.name: field.default})  # type: ignore[arg-type]
    for number, fault in enumerate(step.faults):
        others = step.faults[:number], step.faults[number + 1 :]
        yield replace(step, faults=(*others[0], *others[1]))
        for simpler in _milder(fault):
            yield replace(step, faults=(*others[0], simpler, *others[1]))


def _milder(fault: Fault) -> Iterator[Fault]:
    for number, step in enumerate(fault.meanwhile):
        others = fault.meanwhile[:number], fault.meanwhile[number + 1 :]
        yield replace(fault, meanwhile=(*others[0], *others[1]))
        for simpler in _simpler(step):
            yield replace(fault, meanwhile=(*others[0], simpler, *others[1]))
