"""Each fault of the page Break it breaks what it says, and the catalog ends equal; and the tour."""

import threading
import time
from collections.abc import Iterator

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.background_work import BackgroundWork
from reinventure.console.breakages import BREAKAGES, Breakage, Remedy
from reinventure.console.breaking import FaultRun, Phase
from reinventure.console.served import Served, serve
from reinventure.console.settling import settled
from reinventure.console.tour import Stage, Tour, TourState
from reinventure.console.tour_traffic import PREFIX, TourTraffic
from reinventure.local.cloud import Cloud
from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now
from tests.local.command import run
from tests.rehearsals.rehearsal import Rehearsal
from tests.waiting import PATIENCE, wait_until

SECONDS = 6
"""For which a fault stays here."""

NEVER = threading.Event()


@pytest.fixture
def here(catalog: DeployedCatalog) -> Served:
    """What the pages of a console of the local cloud share; nothing runs behind them."""
    return serve(catalog, None, None, local=True, read_only=False)


@pytest.fixture
def traffic(catalog: DeployedCatalog) -> TourTraffic:
    return TourTraffic(catalog)


@pytest.fixture
def control(catalog: DeployedCatalog) -> FaultControl:
    return FaultControl(catalog.session)


@pytest.fixture
def faults(
    catalog: DeployedCatalog, here: Served, control: FaultControl, traffic: TourTraffic
) -> Iterator[FaultRun]:
    faults = FaultRun(catalog, control, traffic, here.comparison, lambda _: None, seconds=SECONDS)
    faults.tidy()
    assert not settled(here.comparison, NEVER).differ
    yield faults
    faults.stop()
    assert not settled(here.comparison, NEVER).differ


def keys(catalog: DeployedCatalog) -> list[str]:
    listed = catalog.s3.list_object_versions(Bucket=catalog.bucket, Prefix=PREFIX)
    return [each["Key"] for each in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))]


@pytest.mark.parametrize(
    "breakage",
    [
        pytest.param(
            each,
            id=each.fault.value,
            marks=pytest.mark.rehearsal(
                each.fault.value,
                failure=each.happens,
                how="the page *Break it* of the console",
                promise=each.promise,
            ),
        )
        for each in BREAKAGES
    ],
)
def test_a_fault_shows_and_the_catalog_ends_equal(
    cloud: Cloud,
    here: Served,
    faults: FaultRun,
    control: FaultControl,
    breakage: Breakage,
    rehearsal: Rehearsal,
) -> None:
    assert faults.begin(breakage.fault)
    assert not faults.begin(Fault.NOTIFICATIONS_OFF), "one at a time"
    wait_until(lambda: list(control.on(utc_now())) == [breakage.fault])
    wait_until(lambda: control.on(utc_now()) == {})
    rehearsal.fault_ended()
    faults.join()
    shown = faults.shown()
    assert shown.changes > 0
    assert shown.most > 0, "the fault was not seen"
    left = here.comparison.shown().differ
    saw = f"{shown.changes} changes; {shown.most} keys differed at the worst"
    if breakage.remedy is Remedy.NONE:
        assert (shown.phase, left) == (Phase.EQUAL, 0)
        rehearsal.was_equal()
        rehearsal.saw(saw)
        return
    assert shown.phase is Phase.DIFFERS
    assert left > 0
    command = ("redrive", "--all", "--yes") if breakage.remedy is Remedy.REDRIVE else ("repair",)
    ended = run(*command, environment=cloud.environment)
    assert ended.returncode == 0, ended.stderr
    assert not settled(here.comparison, NEVER).differ
    rehearsal.was_equal()
    rehearsal.saw(f"{saw}, and {left} until `{command[0]}`")


def test_a_fault_can_be_ended_before_its_time(faults: FaultRun, control: FaultControl) -> None:
    begun = time.monotonic()
    assert faults.begin(Fault.EVENTS_TWICE_REVERSED)
    wait_until(lambda: faults.shown().until is not None)
    faults.end()
    wait_until(lambda: faults.shown().phase is not Phase.ON)
    assert control.on(utc_now()) == {}
    assert time.monotonic() - begun < PATIENCE
    faults.join()
    assert faults.shown().phase is Phase.EQUAL


def test_a_console_leaves_no_fault_and_no_file(
    catalog: DeployedCatalog, here: Served, control: FaultControl, traffic: TourTraffic
) -> None:
    # As if an earlier console had been killed in the middle of it.
    control.begin(Fault.NOTIFICATIONS_OFF, catalog.bucket, SECONDS)
    traffic.put("left.txt")
    work = BackgroundWork(here)
    work.start()
    assert control.on(utc_now()) == {}
    assert keys(catalog) == []
    assert here.faults
    assert here.faults.begin(Fault.EVENTS_TWICE_REVERSED)
    wait_until(lambda: bool(keys(catalog)))
    work.stop()
    assert control.on(utc_now()) == {}
    assert keys(catalog) == []
    # The row of what was put while no event was sent was never there.
    assert not settled(here.comparison, NEVER).differ


class Page(threading.Thread):
    """A page that shows all that the tour wants seen."""

    def __init__(self, tour: Tour) -> None:
        super().__init__(daemon=True)
        self._tour = tour
        self.steps: dict[str, str] = {}

    def run(self) -> None:
        while True:
            state = self._tour.shown()
            if state.step:
                self.steps[state.step.title] = state.step.page
                self._tour.saw(state.view)
            if state.ending:
                return
            time.sleep(0.02)


def test_the_tour_ends_equal(catalog: DeployedCatalog, here: Served, faults: FaultRun) -> None:
    stage = Stage(
        faults=faults,
        traffic=TourTraffic(catalog),
        comparison=here.comparison,
        changes=here.changes,
        command=here.command,
        events=here.events,
    )
    states: list[TourState] = []
    tour = Tour(stage, states.append, reading=0)
    follower = threading.Thread(target=here.changes.follow, daemon=True)
    follower.start()
    try:
        page = Page(tour)
        assert tour.start()
        assert not tour.start(), "one at a time"
        page.start()
        tour.join()
        page.join()
    finally:
        here.changes.stop()
        follower.join()
    assert tour.shown().completed, tour.shown().ending
    assert [state.number for state in states] == sorted(state.number for state in states)
    shown = [each.partition("?")[0] for each in page.steps.values()]
    assert shown == [
        "/",
        "/",
        "/key",
        "/break-it",
        "/break-it",
        "/differences",
        "/command",
        "/",
    ]
    assert keys(catalog) == []
    assert not settled(here.comparison, NEVER).differ
