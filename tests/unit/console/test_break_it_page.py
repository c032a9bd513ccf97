"""The page Break it: its buttons, what becomes of a fault, and an account, which has none of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reinventure.console import pages
from reinventure.console.breakages import BREAKAGES
from reinventure.console.breaking import Breaking, FaultRun, Phase
from reinventure.console.comparison_state import Comparison, ComparisonState
from reinventure.console.served import Served
from reinventure.console.tour import Step, Tour, TourState
from reinventure.local.fault_control import Fault
from tests.unit.console.conftest import opened

POSTS = ("begin", "end", "tour/start", "tour/stop", "tour/saw")


REHEARSED = {
    Fault.DYNAMODB_UNRELIABLE,
    Fault.TOPIC_REFUSES,
    Fault.QUEUE_REFUSES,
    Fault.S3_CLOCK_AHEAD,
    Fault.S3_CLOCK_BEHIND,
}
"""Faults that only tests/rehearsals/ begins."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Fault]:
    """The faults that are begun; none runs."""
    faults: list[Fault] = []

    def begin(self: FaultRun, fault: Fault) -> bool:
        faults.append(fault)
        return len(faults) == 1

    monkeypatch.setattr(FaultRun, "begin", begin)
    return faults


def test_every_fault_but_those_of_rehearsals_has_words_and_a_button(breakable: Served) -> None:
    assert {each.fault for each in BREAKAGES} == set(Fault) - REHEARSED
    text = opened(breakable).get("/break-it").text
    for each in BREAKAGES:
        assert f'id="{each.fault.value}">{each.name}</button>' in text
        assert each.promise in text
        assert each.remedy.value in text


def test_a_button_begins_its_fault_and_one_at_a_time(breakable: Served, begun: list[Fault]) -> None:
    browser = opened(breakable)
    reply = browser.post("/break-it/begin", {"fault": "table-throttled"})
    assert (reply.status, reply.headers["location"]) == (303, "/break-it")
    assert browser.post("/break-it/begin", {"fault": "table-throttled"}).status == 409
    assert browser.post("/break-it/begin", {"fault": "everything"}).status == 400
    assert begun == [Fault.TABLE_THROTTLED, Fault.TABLE_THROTTLED]


def test_an_account_has_neither_the_page_nor_the_control(
    here: Served, breakable: Served, begun: list[Fault]
) -> None:
    # The endpoint of moto is that of AWS, though `here` is said to be local.
    assert (here.faults, here.tour) == (None, None)
    # Even if what breaks things were there.
    for served in (replace(here, local=False), replace(breakable, local=False), here):
        browser = opened(served)
        assert "Break it" not in browser.get("/").text
        assert browser.get("/break-it").status == 404
        assert browser.get("/break-it/now").status == 404
        for each in POSTS:
            assert browser.post(f"/break-it/{each}", {"fault": "ingest-fails"}).status == 404
    assert begun == []


def test_read_only_breaks_nothing(breakable: Served, begun: list[Fault]) -> None:
    browser = opened(replace(breakable, read_only=True))
    text = browser.get("/break-it").text
    # Its own, and the start of the tour.
    assert text.count(" disabled>") == len(BREAKAGES) + 1
    for each in POSTS:
        assert browser.post(f"/break-it/{each}", {"fault": "ingest-fails"}).status == 403
    assert begun == []


def shown(
    monkeypatch: pytest.MonkeyPatch, here: Served, breaking: Breaking, differ: int = 0
) -> str:
    comparison = Comparison(at=datetime.now(UTC), compared=9, differ=differ)
    monkeypatch.setattr(FaultRun, "shown", lambda _: breaking)
    monkeypatch.setattr(FaultRun, "busy", breaking.phase in (Phase.ON, Phase.HEALING))
    monkeypatch.setattr(ComparisonState, "shown", lambda _: comparison)
    return opened(here).get("/break-it/now").text


def test_a_fault_that_is_on_can_be_ended_and_no_other_begun(
    breakable: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime(2026, 11, 26, 21, 50, 3, tzinfo=UTC)
    text = shown(monkeypatch, breakable, Breaking(Phase.ON, Fault.EVENTS_LOST, until))
    assert '<b class="on">On</b>' in text
    assert 'data-fault="one-event-in-ten-lost" data-on>' in text
    assert "Ends at 21:50:03 UTC." in text
    assert 'id="one-event-in-ten-lost">End it now</button>' in text
    assert text.count(" disabled>") == len(BREAKAGES) - 1


@pytest.mark.parametrize(
    ("fault", "buttons"),
    [
        (Fault.EVENTS_LOST, ["Repair"]),
        (Fault.NOTIFICATIONS_OFF, ["Repair"]),
        (Fault.INGEST_FAILS, ["Redrive what failed", "Repair"]),
    ],
)
def test_what_stays_has_its_remedy_beside_it(
    breakable: Served, monkeypatch: pytest.MonkeyPatch, fault: Fault, buttons: list[str]
) -> None:
    breaking = Breaking(Phase.DIFFERS, fault, changes=60, most=7)
    text = shown(monkeypatch, breakable, breaking, differ=6)
    assert "6 DIFFER. It becomes equal: after " in text
    assert "At most 7 keys differed." in text
    for each in ("Repair", "Redrive what failed"):
        assert (f">{each}</button>" in text) == (each in buttons)
    # After the remedy the same page says so.
    text = shown(monkeypatch, breakable, breaking)
    assert "EQUAL again." in text
    assert ">Repair</button>" not in text


def test_what_heals_by_itself_says_so(breakable: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, breakable, Breaking(Phase.EQUAL, Fault.TABLE_THROTTLED))
    assert "EQUAL again, by itself." in text
    assert ">Repair</button>" not in text


def test_the_bar_of_the_tour_is_on_every_page_while_there_is_one(
    breakable: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step("Repair", "The command repairs.", pages.COMMAND)
    for state, words in (
        (TourState(), []),
        (TourState(7, 8, 3, step, running=True), ["Step 7 of 8", "Repair", "Stop the tour"]),
        (TourState(7, 8, 3, step, ending="It has ended: late."), ["It has ended", "Close the"]),
    ):
        monkeypatch.setattr(Tour, "shown", lambda _, state=state: state)
        for path in ("/", "/failures", "/break-it"):
            _, _, bar = opened(breakable).get(path).text.partition('<aside aria-label="Tour"')
            assert (" hidden>" in bar.partition("<p")[0]) == (not words)
            for word in words:
                assert word in bar


def test_a_page_says_what_it_has_shown(breakable: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    views: list[int] = []
    monkeypatch.setattr(Tour, "saw", lambda _, view: views.append(view))
    browser = opened(breakable)
    assert browser.post("/break-it/tour/saw", {"view": "7"}).status == 204
    for wrong in ("", "-1", "x", "²"):
        assert browser.post("/break-it/tour/saw", {"view": wrong}).status == 400
    assert views == [7]
