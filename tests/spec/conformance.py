"""Comparison of the real code with the steps of spec/, from a state of a dumped graph."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from s3_catalog.model import order, row, sequencer
from s3_catalog.reconciliation import repair
from s3_catalog.table import batch_write, store
from tests.spec import code_steps, totals_steps
from tests.spec.state_graph import Graph, State
from tests.specification import Check, SpecificationError, run

Steps = Callable[[State], Iterator[State]]

ACTIONS: Mapping[str, Steps] = {
    "Deliver": code_steps.deliver,
    "Read": code_steps.read,
    "Ask": code_steps.ask,
    "Replace": code_steps.replace,
    "Compare": code_steps.compare,
    "Insert": code_steps.insert,
    "Record": code_steps.record,
    "RemoveRow": code_steps.remove_row,
}
"""What the code does of spec/Catalog.tla."""

COUNTING: Mapping[str, Steps] = {"Count": totals_steps.count}
TOTALS_ACTIONS: Mapping[str, Steps] = {
    **COUNTING,
    "RecountItems": totals_steps.recount_items,
    "Correct": totals_steps.correct,
    "ForgetRead": totals_steps.forget_read,
    "ForgetDelete": totals_steps.forget_delete,
}
"""What the code does of spec/Totals.tla."""


class DeviationError(Exception):
    """The code reaches other states than the specification."""


@contextmanager
def limits_of_the_model() -> Iterator[None]:
    """Let the two limits of the rules be those of the model, a minute and two."""
    with ExitStack() as patches:
        for module in (order, store, batch_write):
            patches.enter_context(patch.object(module, "TOLERANCE", timedelta(minutes=1)))
        for module in (row, store, sequencer, repair):
            patches.enter_context(patch.object(module, "CLOCKS", timedelta(minutes=2)))
        yield


def graph_of(check: Check, folder: Path) -> Graph:
    """Return all states and steps of `check`, which TLC dumps to `folder`.

    Raises SpecificationError if a claim fails: TLC stops there, and states are without their steps.
    """
    result = run(check, "-dump", "dot,actionlabels", str(folder / "graph"))
    if result.failed:
        raise SpecificationError(f"{result.failed} fails on {check.name}: {' '.join(result.trace)}")
    return Graph(folder / "graph.dot")


def compare(graph: Graph, number: str, actions: Mapping[str, Steps]) -> list[str]:
    """Run `actions` from state `number`, and return the action of each step that it has there.

    Raises DeviationError if the code does not reach the same states as the specification.
    """
    state = graph.state(number)
    allowed: dict[str, set[Any]] = defaultdict(set)
    steps = graph.steps(number)
    for action, target in steps:
        allowed[action].add(frozen(graph.state(target)))
    for action, step in actions.items():
        reached = {frozen(target) for target in step(state)}
        if reached != allowed[action]:
            raise DeviationError(
                f"{action} from {state}: the code reaches {reached - allowed[action]} as well,"
                f" and not {allowed[action] - reached}"
            )
    return [action for action, _ in steps]


def frozen(value: Any) -> Any:
    """Return a hashable `value`, without what the code and TLC choose differently.

    That are the tags of lookups, and how far behind its last record a finished invocation is.
    """
    if isinstance(value, dict):
        if value.get("next", 0) > value.get("last", 0):
            value = {**value, "next": "behind the last"}
        return frozenset((name, frozen(v)) for name, v in value.items() if name != "tag")
    if isinstance(value, tuple):
        return tuple(map(frozen, value))
    return value
