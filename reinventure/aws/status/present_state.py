"""All checks of a deployed catalog."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from reinventure.aws.status import (
    alarm_states,
    attached_switches,
    comparison_times,
    key_states,
    reader_ages,
    stack_states,
    waiting_failures,
)
from reinventure.aws.status.check import Check, Look, State

if TYPE_CHECKING:
    from reinventure.aws.deployed_catalog import DeployedCatalog
    from reinventure.aws.status.alarm_states import AlarmState


def checks(catalog: "DeployedCatalog", now: datetime) -> Iterator[Check]:
    """Yield the checks of `catalog` as they are made.

    What AWS refuses to show is a check, too. So nothing is raised, but for mistakes of the code.
    """
    alarms: list[AlarmState] = []

    def read_alarms() -> list[Check]:
        alarms.extend(alarm_states.read(catalog))
        return []

    unread = Look("alarms", read_alarms).checks()
    yield from Look("deployment", lambda: stack_states.checks(catalog)).checks()
    yield from Look("keys", lambda: key_states.checks(catalog)).checks()
    shown = set[str]()
    for look, metrics in (
        (
            Look("failures", lambda: waiting_failures.checks(catalog, alarms)),
            {waiting_failures.METRIC},
        ),
        (
            Look("readers", lambda: reader_ages.checks(catalog, alarms, now)),
            {reader_ages.METRIC},
        ),
        (Look("comparison", lambda: comparison_times.checks(catalog)), comparison_times.METRICS),
    ):
        found = look.checks()
        # What could not be seen, its alarms still show.
        if not any(each.state is State.NOT_SEEN for each in found):
            shown.update(metrics)
        yield from found
    yield from Look("found equal", lambda: comparison_times.verified_checks(catalog)).checks()
    yield from Look("buckets", lambda: attached_switches.checks(catalog)).checks()
    yield from Look("mirror", lambda: reader_ages.mirror_checks(catalog, now)).checks()
    yield from unread or alarm_states.checks(alarms, shown)
