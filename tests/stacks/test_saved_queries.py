"""Saved queries: where they are, what they read, and that they say what they need."""

import json
from typing import Any

import pytest

from stacks.constructs.saved_queries import QUERIES
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import Template, properties, read
from tests.stacks.test_runbook import resolved

KIND = "AWS::Logs::QueryDefinition"


def names(template: Template) -> dict[str, Any]:
    """The saved queries of a stack, by their names without that of the stack."""
    return {resolved(each["Name"]).partition("/")[2]: each for each in properties(template, KIND)}


@pytest.mark.parametrize("stack", ["Catalog", "Sql"])
def test_a_stack_has_them_for_the_functions_of_a_change(assemblies: Assemblies, stack: str) -> None:
    template = read(assemblies.catalog(sql="true"), stack)
    found = names(template)
    assert found.keys() == QUERIES.keys()
    for name, query in found.items():
        assert query["QueryString"] == QUERIES[name]
        groups = json.dumps(query["LogGroupNames"])
        for part in ("IngestLogs", "TotalsLogs", "ChangesPublishLogs"):
            assert part in groups
        assert ("MirrorLogs" in groups) == (stack == "Sql")


@pytest.mark.parametrize(("name", "query"), QUERIES.items())
def test_a_query_says_what_it_needs_and_failures_need_nothing(name: str, query: str) -> None:
    assert ("log_level=debug" in name) == ("failures" not in name)
    comment = " ".join(line for line in query.splitlines() if line.startswith("#"))
    assert ("log_level=debug" in comment) == ("failures of" not in name)
    # CloudWatch Logs' limits (PutQueryDefinition).
    assert len(query) <= 10_000
    assert len(name) <= 200


@pytest.mark.parametrize("query", QUERIES.values())
def test_each_command_is_one_of_the_query_language(query: str) -> None:
    code = "\n".join(line for line in query.splitlines() if not line.startswith("#"))
    commands = [part.split()[0] for part in code.split("|")]
    assert commands[0] == "fields"
    assert set(commands) <= {"fields", "filter", "sort", "limit"}
    assert code.count("(") == code.count(")")
    assert code.count('"') % 2 == 0


def test_the_local_cloud_and_products_have_none(assemblies: Assemblies) -> None:
    [product] = assemblies.portfolio().glob("*.product.template.json")
    assert KIND not in product.read_text()
    assert not properties(read(assemblies.catalog(local="true")), KIND, least=0)
