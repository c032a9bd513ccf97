"""The tour: what a step waits for, what it says when that does not come, and its end."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from reinventure.console import tour as tours
from reinventure.console.breaking import FaultRun, Phase
from reinventure.console.served import Served
from reinventure.console.tour import Stage, Tour, TourState
from reinventure.console.tour_traffic import PREFIX, TourTraffic
from reinventure.local.fault_control import Fault
from tests.waiting import wait_until

NewTour = Callable[..., Tour]


@pytest.fixture
def states() -> list[TourState]:
    return []


@pytest.fixture
def new_tour(breakable: Served, states: list[TourState]) -> NewTour:
    def make(**named: float) -> Tour:
        assert breakable.faults
        breakable.changes.following = True
        stage = Stage(
            faults=breakable.faults,
            traffic=TourTraffic(breakable.catalog),
            comparison=breakable.comparison,
            changes=breakable.changes,
            command=breakable.command,
            events=breakable.events,
        )
        return Tour(stage, states.append, **{"reading": 0, **named})

    return make


def keys(here: Served) -> list[str]:
    listed = here.catalog.s3.list_objects_v2(Bucket=here.catalog.bucket, Prefix=PREFIX)
    return [each["Key"] for each in listed.get("Contents", ())]


def publish(here: Served, count: int) -> None:
    for number in range(count):
        here.events.publish("change", {"texts": {"key": f"{PREFIX}{number}"}})


def test_without_a_page_it_says_what_did_not_come(new_tour: NewTour, breakable: Served) -> None:
    tour = new_tour(limit=0)
    assert tour.start()
    tour.join()
    state = tour.shown()
    assert not state.running
    assert not state.completed
    assert state.ending == "The tour has ended: no page showed / within 0 s."
    assert keys(breakable) == []


def test_what_was_shown_of_another_view_does_not_count(new_tour: NewTour) -> None:
    tour = new_tour(limit=0.5)
    tour.start()
    wait_until(lambda: tour.shown().step is not None)
    view = tour.shown().view
    for wrong in (view - 1, view + 1):
        tour.saw(wrong)
    tour.join()
    assert tour.shown().view == view
    assert "no page showed /" in str(tour.shown().ending)


def test_with_fewer_changes_than_it_made_it_says_so_and_deletes_its_files(
    new_tour: NewTour, breakable: Served
) -> None:
    tour = new_tour(limit=0.5)
    tour.start()
    wait_until(lambda: tour.shown().step is not None)
    tour.saw(tour.shown().view)
    wait_until(lambda: len(keys(breakable)) == 6)
    publish(breakable, 5)
    breakable.events.publish("change", {"texts": {"key": "another"}})
    breakable.events.publish("numbers", {})
    tour.join()
    assert "the change feed did not publish 6 changes" in str(tour.shown().ending)
    assert keys(breakable) == []


def test_a_step_ends_when_its_changes_have_come_and_a_page_has_shown_them(
    new_tour: NewTour, breakable: Served, states: list[TourState]
) -> None:
    tour = new_tour()
    tour.start()
    wait_until(lambda: tour.shown().step is not None)
    first = tour.shown().view
    assert keys(breakable) == [], "no page is there yet"
    tour.saw(first)
    wait_until(lambda: len(keys(breakable)) == 6)
    publish(breakable, 6)
    wait_until(lambda: tour.shown().view == first + 1)
    step = tour.shown().step
    assert step
    assert (step.page, len(step.seen), tour.shown().number) == ("/", 6, 1)
    tour.saw(first + 1)
    wait_until(lambda: tour.shown().number == 2)
    tour.stop()
    stopped = len(states) - 1
    tour.join()
    # A person who has gone elsewhere stays there, while the files are deleted.
    assert {each.step.page for each in states[stopped:] if each.step} == {""}
    assert tour.shown().ending == "The tour was stopped. Its files are deleted."
    assert keys(breakable) == []
    tour.stop()
    assert tour.shown() == replace(TourState(), view=tour.shown().view), "the bar is closed"


def test_a_step_stays_until_it_was_read(
    new_tour: NewTour, breakable: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(tours, "time", SimpleNamespace(monotonic=lambda: now[0]))
    tour = new_tour(reading=1)
    tour.start()

    def shown(number: int) -> bool:
        tour.saw(tour.shown().view)
        step = tour.shown().step
        return step is not None and len(step.seen) == number

    wait_until(lambda: shown(0) and len(keys(breakable)) == 6)
    publish(breakable, 6)
    wait_until(lambda: shown(6))
    tour.saw(tour.shown().view)
    time.sleep(0.5)  # It polls every tenth of a second: if it did not wait, it would go on.
    assert tour.shown().number == 1
    now[0] = 100.0
    tour.stop()
    tour.join()


def test_it_does_not_start_while_a_fault_is_on(
    new_tour: NewTour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FaultRun, "busy", True)
    tour = new_tour()
    assert not tour.start()
    assert tour.shown() == TourState()


def test_an_error_ends_it_and_is_not_hidden(
    new_tour: NewTour, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda hook: raised.append(hook.exc_value))

    def fail(self: TourTraffic, name: str) -> str:
        raise ZeroDivisionError(name)

    monkeypatch.setattr(TourTraffic, "put", fail)
    tour = new_tour()
    tour.start()
    wait_until(lambda: tour.shown().step is not None)
    tour.saw(tour.shown().view)
    tour.join()
    assert tour.shown().ending == "The tour has ended with an error, which the terminal shows."
    assert [type(each) for each in raised] == [ZeroDivisionError]


def test_an_error_of_aws_in_a_fault_is_its_problem(
    breakable: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = breakable.faults
    assert faults

    def fail(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")

    monkeypatch.setattr(TourTraffic, "change", fail)
    assert faults.begin(Fault.EVENTS_LOST)
    faults.join()
    assert faults.shown().phase is Phase.NONE
    assert faults.shown().problem
    assert not faults.busy


def test_a_fault_that_the_tour_leaves_halfway_is_off_and_another_one_may_begin(
    breakable: Served,
) -> None:
    faults = breakable.faults
    assert faults
    with faults.broken(Fault.EVENTS_LOST):
        assert faults.shown().phase is Phase.ON
        assert faults.busy
    assert faults.shown().phase is Phase.HEALING
    assert faults.busy
    faults.tidy()
    assert faults.shown().phase is Phase.NONE
    assert not faults.busy
