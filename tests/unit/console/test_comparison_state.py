"""The badge and the page of the differences: what `verify` finds, on moto."""

import re
import threading
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console import badge, comparison_state
from reinventure.console.comparison_state import Comparison, ComparisonState
from reinventure.console.served import Served
from tests.unit.console.asgi_browser import Browser
from tests.waiting import PATIENCE, wait_until

HOSTILE = "<img src=x onerror=alert(1)>\u202e"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def seen() -> list[Comparison]:
    return []


@pytest.fixture
def state(catalog: DeployedCatalog, seen: list[Comparison]) -> ComparisonState:
    return ComparisonState(
        catalog, seen.append, record=True, clock=lambda: NOW, pause=lambda _: None
    )


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


def test_a_difference_that_goes_by_itself_is_never_shown(
    catalog: DeployedCatalog, seen: list[Comparison]
) -> None:
    waited = list[float]()

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            catalog.s3.delete_object(Bucket=catalog.bucket, Key="on its way")

    state = ComparisonState(catalog, seen.append, record=True, clock=lambda: NOW, pause=pause)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="on its way", Body=b"four")
    state.compare()
    assert [badge.word(each) for each in seen] == ["COMPARING", "EQUAL"]
    # Not longer than it needs.
    assert len(waited) == 2
    assert catalog.last_verified().moments() == {catalog.bucket: NOW}


def test_a_difference_that_stays_is_shown_as_it_is_then_and_not_waited_for_again(
    catalog: DeployedCatalog, seen: list[Comparison]
) -> None:
    waited = list[float]()

    def pause(seconds: float) -> None:
        waited.append(seconds)
        catalog.s3.put_object(Bucket=catalog.bucket, Key="lost", Body=b"four" * len(waited))

    state = ComparisonState(catalog, seen.append, record=True, clock=lambda: NOW, pause=pause)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="lost", Body=b"four")
    state.compare()
    [found] = state.shown().found
    assert found.difference.stored
    assert found.difference.stored.size == 4 * len(waited)
    assert len(waited) > 2
    before = len(waited)
    state.compare()
    assert badge.word(state.shown()) == "1 DIFFER"
    assert len(waited) == before
    assert catalog.last_verified().moments() == {}


def test_a_console_that_stops_does_not_wait(catalog: DeployedCatalog) -> None:
    state = ComparisonState(catalog, lambda _: None, record=False)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="lost", Body=b"four")
    state.stop()
    state.compare()
    assert badge.word(state.shown()) == "1 DIFFER"


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


def test_one_that_is_started_meanwhile_comes_after_the_one_that_runs(
    catalog: DeployedCatalog,
) -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key="lost", Body=b"four")
    seen, ended = list[str](), threading.Event()

    def changed(comparison: Comparison) -> None:
        seen.append(badge.word(comparison))
        if seen == ["COMPARING", "1 DIFFER"]:
            # As after a repair, which this comparison has not seen.
            catalog.s3.delete_object(Bucket=catalog.bucket, Key="lost")
            for _ in range(3):
                running.start()
            wait_until(running._next.locked)
        if seen[-1] == "EQUAL":
            ended.set()

    running = ComparisonState(catalog, changed, record=False, pause=lambda _: None)
    running.compare()
    assert ended.wait(PATIENCE)
    assert seen == ["COMPARING", "1 DIFFER", "1 DIFFER", "EQUAL"]


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


def test_a_screen_reader_hears_the_word_and_not_its_age_each_second() -> None:
    text = str(badge.badge(Comparison(at=NOW, compared=1)))
    assert re.findall(r'<(\w+)[^>]* aria-live="polite"', text) == ["b"]
    assert ">1 key<" in text


def test_a_page_says_that_the_comparison_failed_and_not_that_all_is_equal(
    browser: Browser, here: Served
) -> None:
    here.comparison.compare()
    assert "The catalog equals its buckets" in browser.get("/differences").text
    here.catalog.s3.delete_bucket(Bucket=here.catalog.bucket)
    here.comparison.compare()
    text = browser.get("/differences").text
    assert "The last comparison failed" in text
    assert "NoSuchBucket" in text
    assert "The catalog equals its buckets" not in text
