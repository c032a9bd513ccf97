"""The code takes the steps of spec/: from each state, the same ones, to the same states.

TLC dumps every state and step within the bounds. From each state, for each action of the code, the
real code is run on the simulator's S3 and tables; the states that it reaches must be those that the
specification allows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3_catalog.model import order, row, sequencer
from s3_catalog.table import batch_write, store
from tests.spec import code_steps, totals_steps
from tests.spec.state_graph import State, edges
from tests.specification import CATALOG, NO_JAVA, ON, TOTALS, UPLOADS, Check, java, run

Steps = Callable[[State], Iterator[State]]

ACTIONS = {
    "Deliver": code_steps.deliver,
    "Read": code_steps.read,
    "Ask": code_steps.ask,
    "Replace": code_steps.replace,
    "Compare": code_steps.compare,
    "Insert": code_steps.insert,
    "Record": code_steps.record,
}

COUNTING = {"Count": totals_steps.count}
TOTALS_ACTIONS = {
    **COUNTING,
    "RecountItems": totals_steps.recount_items,
    "Correct": totals_steps.correct,
    "ForgetRead": totals_steps.forget_read,
    "ForgetDelete": totals_steps.forget_delete,
}

LEAST = {"ClockError": "1", "MaxTogether": "2"}
DEVIATING = {**LEAST, "Deviation": "1"}
BOUNDS = [
    Check("uploads", CATALOG, {**DEVIATING, **UPLOADS, "Versionings": '{"enabled"}'}),
    Check(
        "unversioned",
        CATALOG,
        {**DEVIATING, "Gaps": "{1, 4}", "Versionings": '{"never", "suspended"}'},
    ),
    Check(
        "losses",
        CATALOG,
        {**DEVIATING, "MaxChanges": "1", "Losses": ON, "Forgery": ON, "Versionings": '{"enabled"}'},
    ),
    Check(
        "inspection",
        CATALOG,
        {**LEAST, "Inspection": ON, "Versionings": '{"never", "enabled"}'},
    ),
]
COUNTING_BOUND = Check(
    "counting", TOTALS, {"Folders": "{1, 2}", "Invocations": "{1, 2}", "Splits": ON}
)
RECOUNT_BOUND = Check(
    "recount and deletion",
    TOTALS,
    {"Recounts": "{1}", "Splits": ON, "MaxForgets": str(totals_steps.MAX_FORGETS)},
)


@pytest.mark.timeout(600)  # Mostly TLC's, on a busy machine.
@pytest.mark.skipif(java() is None, reason=NO_JAVA)
@pytest.mark.parametrize("check", BOUNDS, ids=lambda check: check.name)
def test_the_code_takes_the_steps_of_the_specification(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (order, store, batch_write):
        monkeypatch.setattr(module, "TOLERANCE", timedelta(minutes=1))
    for module in (row, store, sequencer):
        monkeypatch.setattr(module, "CLOCKS", timedelta(minutes=2))
    seen = compare(check, ACTIONS, tmp_path)
    assert min(seen["Deliver"], seen["Ask"], seen["Replace"]) > 0


@pytest.mark.timeout(600)
@pytest.mark.skipif(java() is None, reason=NO_JAVA)
@pytest.mark.parametrize(
    ("check", "actions"),
    [(COUNTING_BOUND, COUNTING), (RECOUNT_BOUND, TOTALS_ACTIONS)],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_code_takes_the_steps_of_the_specified_totals(
    check: Check, actions: Mapping[str, Steps], tmp_path: Path
) -> None:
    seen = compare(check, actions, tmp_path)
    assert min(seen[action] for action in actions) > 0


def compare(check: Check, actions: Mapping[str, Steps], folder: Path) -> Counter[str]:
    """Compare the steps of `actions` from each state of `check`; return how many each has."""
    run(check, "-dump", "dot,actionlabels", str(folder / "graph"))
    states: dict[int, State] = {}
    allowed: dict[tuple[int, str], set[Any]] = defaultdict(set)
    seen: Counter[str] = Counter()
    for edge in edges(folder / "graph.dot"):
        states[id(edge.source)] = edge.source
        states[id(edge.target)] = edge.target
        allowed[id(edge.source), edge.action].add(frozen(edge.target))
        seen[edge.action] += 1
    for number, state in states.items():
        for action, step in actions.items():
            reached = {frozen(target) for target in step(state)}
            assert reached == allowed[number, action], (action, state)
    return seen


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
