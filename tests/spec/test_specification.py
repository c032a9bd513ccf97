"""TLC finds every claim of spec/ to hold, and that each clause is needed; pages quote it right."""

import re
from pathlib import Path

import pytest

from tests.specification import (
    CATALOG,
    CHECKS,
    MUTATIONS,
    NO_JAVA,
    SPEC,
    Check,
    Mutation,
    SpecificationError,
    java,
    run,
)

PAGE = Path(__file__).parents[2] / "docs" / "specification.md"

needs_java = pytest.mark.skipif(java() is None, reason=NO_JAVA)


@needs_java
@pytest.mark.timeout(600)  # A minute of one processor, on a busy machine.
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_claim_holds(check: Check) -> None:
    result = run(check)
    assert (result.failed, result.trace) == (None, ())
    assert result.states > 1_000


@needs_java
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_claim_fails_without_a_clause(mutation: Mutation) -> None:
    result = run(mutation)
    assert result.failed == mutation.claim
    assert f"`{mutation.clause}` | `{mutation.claim}` | {', '.join(result.trace)} |" in (
        PAGE.read_text(encoding="utf-8")
    )


def test_each_clause_that_can_be_left_out_has_a_mutation() -> None:
    for module in {mutation.model.module for mutation in MUTATIONS}:
        clauses = set(re.findall(r'With\("([^"]+)"\)', (SPEC / f"{module}.tla").read_text()))
        assert clauses == {m.clause for m in MUTATIONS if m.model.module == module}


def test_without_java_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(SpecificationError, match="make java"):
        run(CHECKS[0])


@needs_java
def test_an_error_in_a_specification_is_shown() -> None:
    wrong = Check("wrong", CATALOG, {"MaxChanges": "nonsense"})
    with pytest.raises(SpecificationError, match="wrong"):
        run(wrong)
