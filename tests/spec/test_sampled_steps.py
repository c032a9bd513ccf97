"""`make soak` compares the code with the specification from random states, and sees a deviation."""

import random
import time

import pytest

from s3_catalog.table import store
from s3_catalog.table.store import Outcome
from tests.spec.conformance import ACTIONS, DeviationError
from tests.spec.sampled_steps import sampled
from tests.specification import CATALOG, NO_JAVA, Check, java

SMALL = Check(
    "small", CATALOG, {"MaxTogether": "2", "Versionings": '{"enabled"}', "ClockError": "1"}
)

pytestmark = [
    pytest.mark.timeout(600),  # Mostly TLC's, on a busy machine.
    pytest.mark.skipif(java() is None, reason=NO_JAVA),
]


def steps_from(seed: int) -> list[list[str]]:
    drawn = random.Random(seed)  # noqa: S311 (no secrets)
    return list(sampled(SMALL, ACTIONS, drawn, until=time.monotonic()))


def test_the_code_takes_the_steps_from_states_that_the_seed_draws() -> None:
    steps = steps_from(1)
    assert len(steps) == 100
    assert {"Deliver", "Replace"} <= {action for each in steps for action in each}
    assert steps == steps_from(1) != steps_from(2)


def test_a_step_that_the_code_does_not_take_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.Store, "write", lambda *_: Outcome.WRITTEN)
    with pytest.raises(DeviationError, match="Deliver from"):
        steps_from(1)
