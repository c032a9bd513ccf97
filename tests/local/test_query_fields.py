"""The fields that saved queries name are in the lines that functions log on the local cloud."""

import re

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog import key_log
from stacks.constructs.saved_queries import FAILURES, SEQUENCER, STEPS
from tests.local.redelivery import has_followed, lines
from tests.waiting import wait_until

_CALLS = {"fromMillis", "floor"}
"""Functions of the query language that the queries call."""

_WORDS = {"fields", "filter", "sort", "limit", "as", "time", "and", "asc", "desc"}
"""Other words of it, and the name that a field gets."""


def named(query: str) -> set[str]:
    """The fields that `query` names. Those with @ are of CloudWatch Logs."""
    code = re.sub(r'"[^"]*"|@\w+|^#.*$', "", query, flags=re.MULTILINE)
    return set(re.findall(r"[A-Za-z_]\w*", code)) - _CALLS - _WORDS


@pytest.fixture
def steps(catalog: DeployedCatalog, request: pytest.FixtureRequest) -> list[set[str]]:
    """The fields of each line of a change, from S3's event to the change feed."""
    key = f"saved queries/{request.node.name}"
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"1")
    wait_until(lambda: has_followed(catalog, key, 1))
    found = lines(catalog, key)
    assert {line["message"] for line in found} == {"arrived", "decided", "counted", "published"}
    return [set(line) for line in found]


def test_each_field_is_in_a_line(steps: list[set[str]], caplog: pytest.LogCaptureFixture) -> None:
    key_log.log_failure("bucket", "key", "00", "any")
    failed = set(vars(caplog.records[-1])) & {*named(FAILURES), "logger", "message"}
    # Lambda's format and the emulator's name the logger so; `vars` has it as `name`.
    failed |= {"logger", "message"}
    assert named(FAILURES) <= failed
    logged = set().union(*steps) | failed
    assert "sequencer" in named(STEPS)
    for query in (STEPS, SEQUENCER):
        assert named(query) <= logged


def test_what_the_filters_compare_is_in_every_line(steps: list[set[str]]) -> None:
    for line in steps:
        assert {"logger", "bucket", "key", "sequencer", "message", "at"} <= line
