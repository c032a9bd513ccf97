"""What all pages of one console share."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.key_log_reader import KeyLogReader
from reinventure.console import badge, command_run
from reinventure.console.breaking import FaultRun
from reinventure.console.breaking import data as breaking_data
from reinventure.console.command_run import CommandRun, Run
from reinventure.console.comparison_state import ComparisonState
from reinventure.console.cost_counts import LoggedCounts, MetricCounts
from reinventure.console.current_cost import CurrentCost
from reinventure.console.current_numbers import CurrentNumbers
from reinventure.console.event_stream import EventStream
from reinventure.console.followed_changes import FollowedChanges
from reinventure.console.function_calls import LoggedCalls, MetricCalls
from reinventure.console.part_numbers import PartReader
from reinventure.console.system_map import SystemMap, system_map
from reinventure.console.tour import Stage, Tour
from reinventure.console.tour import data as tour_data
from reinventure.console.tour_traffic import TourTraffic
from reinventure.console.watched_keys import WatchedKeys
from reinventure.console.write_delays import LoggedWrites
from reinventure.contract import SQL, WORKERS, InspectionOutputs, SqlOutputs
from reinventure.local.fault_control import FaultControl, is_local_cloud
from s3_catalog.model.timestamps import utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The deployed stacks that are shown, how they are shown, and what the pages share.

    `local`: an emulator stands in for AWS, so a change costs nothing and needs no question.
    `faults` and `tour` are None wherever nothing can be broken on purpose: in every account.
    """

    catalog: DeployedCatalog
    inspection: InspectionOutputs | None
    mirror: SqlOutputs | None
    local: bool
    read_only: bool
    events: EventStream
    comparison: ComparisonState
    changes: FollowedChanges
    numbers: CurrentNumbers
    cost: CurrentCost
    command: CommandRun
    keys: WatchedKeys
    faults: FaultRun | None = None
    tour: Tour | None = None

    @property
    def breakable(self) -> bool:
        """Whether it can be broken on purpose, as the local cloud can."""
        return self.local and self.faults is not None

    def system(self) -> SystemMap:
        """Return the map of the deployed stacks."""
        return system_map(self.catalog.outputs, self.catalog.scope, self.inspection, self.mirror)


def serve(
    catalog: DeployedCatalog,
    inspection: InspectionOutputs | None,
    mirror: SqlOutputs | None,
    *,
    local: bool,
    read_only: bool,
    options: Sequence[str] = (),
) -> Served:
    """Return what a console of `catalog` shares. Nothing runs yet: `BackgroundWork` does that.

    `options` are those with which the command finds the same stack, such as --region.
    """
    events = EventStream()
    changes = FollowedChanges(catalog, events)
    comparison = ComparisonState(
        catalog,
        lambda found: events.publish("comparison", badge.data(found)),
        record=not read_only,
    )

    def commanded(run: Run) -> None:
        events.publish("command", command_run.data(run))
        # In an account a comparison has a price: there it is started by the button.
        if local and run.status is not None:
            comparison.start()

    command = CommandRun(options, commanded)
    faults, tour = None, None
    if local and catalog.outputs.bucket_name and is_local_cloud(catalog.session):
        traffic = TourTraffic(catalog)
        faults = FaultRun(
            catalog,
            FaultControl(catalog.session),
            traffic,
            comparison,
            lambda breaking: events.publish("breaking", breaking_data(breaking)),
        )
        tour = Tour(
            Stage(
                faults=faults,
                traffic=traffic,
                comparison=comparison,
                changes=changes,
                command=command,
                events=events,
            ),
            lambda state: events.publish("tour", tour_data(state)),
        )
    optional = ((WORKERS, inspection), (SQL, mirror))
    stacks = [catalog.stack, *(name for name, outputs in optional if outputs)]
    return Served(
        catalog=catalog,
        inspection=inspection,
        mirror=mirror,
        local=local,
        read_only=read_only,
        events=events,
        comparison=comparison,
        changes=changes,
        numbers=CurrentNumbers(
            PartReader(
                catalog,
                inspection,
                mirror,
                changes.delays,
                (LoggedCalls if local else MetricCalls)(catalog.session),
                writes=LoggedWrites(catalog.session) if local else None,
            ),
            events,
        ),
        cost=CurrentCost(
            LoggedCounts(catalog, changes, utc_now())
            if local
            else MetricCounts(catalog, utc_now()),
            events,
        ),
        command=command,
        keys=WatchedKeys(KeyLogReader(catalog.session, tuple(stacks)), events),
        faults=faults,
        tour=tour,
    )


def served(request: Request) -> Served:
    """Return what the pages share, for a handler."""
    found: Served = request.app.state.served
    return found
