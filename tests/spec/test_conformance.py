"""The code takes the steps of spec/: from each state, the same ones, to the same states.

TLC dumps every state and step within the bounds. From each state, for each action of the code, the
real code is run on the simulator's S3 and tables; the states that it reaches must be those that the
specification allows.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.spec import totals_steps
from tests.spec.conformance import (
    ACTIONS,
    COUNTING,
    TOTALS_ACTIONS,
    Steps,
    compare,
    graph_of,
    limits_of_the_model,
)
from tests.specification import (
    CATALOG,
    MUTATIONS,
    NO_JAVA,
    ON,
    TOTALS,
    UPLOADS,
    Check,
    SpecificationError,
    java,
)

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
    Check(
        "scope",
        CATALOG,
        {
            **LEAST,
            "MaxChanges": "1",
            "Gaps": "{4}",
            "Losses": ON,
            "Scoping": ON,
            "Versionings": '{"enabled"}',
        },
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
def test_the_code_takes_the_steps_of_the_specification(check: Check, tmp_path: Path) -> None:
    with limits_of_the_model():
        seen = compare_all(check, ACTIONS, tmp_path)
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
    seen = compare_all(check, actions, tmp_path)
    assert min(seen[action] for action in actions) > 0


@pytest.mark.timeout(600)
@pytest.mark.skipif(java() is None, reason=NO_JAVA)
def test_a_bound_whose_claim_fails_is_not_compared(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="EndsEqual fails on EVENT_IS_NEWER: "):
        graph_of(MUTATIONS[0], tmp_path)


def compare_all(check: Check, actions: Mapping[str, Steps], folder: Path) -> Counter[str]:
    """Compare the steps of `actions` from each state of `check`; return how many each has."""
    graph = graph_of(check, folder)
    seen: Counter[str] = Counter()
    for number in graph.numbers:
        seen.update(compare(graph, number, actions))
    return seen
