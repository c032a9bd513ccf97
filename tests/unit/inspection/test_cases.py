"""Inspection results of small inputs, each of which stands for a kind of content."""

import gzip
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.unit.inspection.bytes_source import inspect_bytes

CASES = Path(__file__).parent / "cases"
EXPECTED: dict[str, dict[str, Any]] = json.loads((CASES / "expected.json").read_text())


@pytest.mark.parametrize("chunk", [7, 1000, 2**20])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_result_of_a_case_is_the_expected_one(name: str, chunk: int) -> None:
    content = (CASES / name).read_bytes()
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    # Of a large case, as many chunks as pieces of seven bytes of a small one.
    chunk = max(chunk, len(content) // 1000)
    found = asdict(inspect_bytes(content, name.removesuffix(".gz"), chunk))
    del found["inspected_at"], found["sha256"]
    assert {field: value for field, value in found.items() if value is not None} == EXPECTED[name]


def test_each_case_has_an_expected_result() -> None:
    files = {path.name for path in CASES.iterdir()} - {"README.md", "expected.json"}
    assert files == set(EXPECTED)
