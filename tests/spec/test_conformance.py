"""The code takes the steps of spec/Catalog.tla: from each state, the same ones, to the same states.

TLC dumps every state and step within the bounds. From each state, for each action of the catalog,
the real code is run on the simulator's S3 and table; the states that it reaches must be those that
the specification allows.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3_catalog.model import order, row, sequencer
from s3_catalog.table import batch_write, store
from tests.spec import code_steps
from tests.spec.state_graph import State, edges
from tests.specification import CATALOG, NO_JAVA, ON, UPLOADS, Check, java, run

ACTIONS = {
    "Deliver": code_steps.deliver,
    "Read": code_steps.read,
    "Ask": code_steps.ask,
    "Replace": code_steps.replace,
    "Compare": code_steps.compare,
    "Insert": code_steps.insert,
    "Record": code_steps.record,
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
    run(check, "-dump", "dot,actionlabels", str(tmp_path / "graph"))
    states: dict[int, State] = {}
    allowed: dict[tuple[int, str], set[Any]] = defaultdict(set)
    seen: Counter[str] = Counter()
    for edge in edges(tmp_path / "graph.dot"):
        states[id(edge.source)] = edge.source
        states[id(edge.target)] = edge.target
        allowed[id(edge.source), edge.action].add(frozen(edge.target))
        seen[edge.action] += 1
    for number, state in states.items():
        for action, step in ACTIONS.items():
            reached = {frozen(target) for target in step(state)}
            assert reached == allowed[number, action], (action, state)
    assert min(seen["Deliver"], seen["Ask"], seen["Replace"]) > 0


def frozen(value: Any) -> Any:
    """Return a hashable `value`, without tags: the code and TLC choose different ones."""
    if isinstance(value, dict):
        return frozenset((name, frozen(v)) for name, v in value.items() if name != "tag")
    if isinstance(value, tuple):
        return tuple(map(frozen, value))
    return value
