"""The badge and the page of the differences: what `verify` finds, on moto."""

import re
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import badge, comparison_state
from reinventure.console.comparison_state import Comparison, ComparisonState
from reinventure.console.served import Served
from tests.unit.console.asgi_browser import Browser

HOSTILE = "<img src=x onerror=alert(1)>\u202e"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def seen() -> list[Comparison]:
    return []


@pytest.fixture
def state(catalog: DeployedCatalog, seen: list[Comparison]) -> ComparisonState:
    return ComparisonState(catalog, seen.append, record=True, clock=lambda: NOW)


def test_an_empty_bucket_is_equal_and_the_time_of_it_is_kept(
    catalog: DeployedCatalog, state: ComparisonState, seen: list[Comparison]
) -> None:
    assert badge.word(state.shown()) == "NOT COMPARED YET"
    state.compare()
    assert [each.running for each in seen] == [True, False]
    assert badge.word(seen[0]) == "COMPARING"
    assert badge.data(state.shown()) == {
        "word": "EQUAL",
        "state": "good",
        "running": False,
        "keys": "0 keys",
        "at": "2026-11-26T12:00:00.000Z",
        "differ": 0,
    }
    assert catalog.last_verified().moments() == {catalog.bucket: NOW}


def test_differences_are_counted_and_shown_and_are_not_kept_as_equal(
    catalog: DeployedCatalog, state: ComparisonState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison_state, "MAX_KEPT", 2)
    for key in (HOSTILE, "b", "c"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"four")
    state.compare()
    found = state.shown()
    assert (badge.word(found), badge.state(found)) == ("3 DIFFER", "bad")
    assert (found.compared, len(found.found)) == (3, 2)
    assert catalog.last_verified().moments() == {}


def test_read_only_keeps_no_time(catalog: DeployedCatalog, seen: list[Comparison]) -> None:
    ComparisonState(catalog, seen.append, record=False).compare()
    assert badge.word(seen[-1]) == "EQUAL"
    assert catalog.last_verified().moments() == {}


def test_an_error_of_aws_is_the_problem_and_the_last_result_stays(
    catalog: DeployedCatalog, state: ComparisonState
) -> None:
    state.compare()
    catalog.s3.delete_bucket(Bucket=catalog.bucket)
    state.compare()
    found = state.shown()
    assert "NoSuchBucket" in (found.problem or "")
    assert (badge.word(found), badge.state(found)) == ("NOT COMPARED", "unknown")
    assert (found.running, found.at) == (False, NOW)


def test_one_comparison_runs_at_a_time(catalog: DeployedCatalog, seen: list[Comparison]) -> None:
    def changed(comparison: Comparison) -> None:
        seen.append(comparison)
        nested.compare()

    nested = ComparisonState(catalog, changed, record=False)
    nested.compare()
    assert [each.running for each in seen] == [True, False]


def test_the_page_shows_differences_with_hostile_keys_as_text(
    browser: Browser, here: Served
) -> None:
    catalog = here.catalog
    assert "Not compared yet" in browser.get("/differences").text
    catalog.s3.put_object(Bucket=catalog.bucket, Key=HOSTILE, Body=b"four")
    here.comparison.compare()
    text = browser.get("/differences").text
    assert "1 of 1 keys differ" in text
    assert "&lt;img src=x onerror=alert(1)&gt;\\u202e" in text
    assert "<img" not in text
    assert "\u202e" not in text
    assert re.search(r">Repair</button>", text)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key=HOSTILE)
    here.comparison.compare()
    text = browser.get("/differences").text
    assert "The catalog equals its buckets" in text
    assert ">Repair</button>" not in text


def test_an_error_while_a_page_is_made_is_one_line(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "<b>no</b>"}}, "Receive")

    monkeypatch.setattr("reinventure.aws.dead_letters.waiting", fail)
    reply = browser.get("/failures")
    assert reply.status == 502
    assert "Receive: AccessDenied: &lt;b&gt;no&lt;/b&gt;" in reply.text
