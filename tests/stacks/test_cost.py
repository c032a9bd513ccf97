"""The cost model's figures of settings, as the templates have them."""

from pathlib import Path
from typing import Any

import pytest

from reinventure.cost import units
from reinventure.cost.prices import DASHBOARD, TRACE
from reinventure.cost.usage import usage
from reinventure.cost.workload import Option, Rate, Workload
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import Template, properties, read

SETTINGS: list[tuple[frozenset[Option], dict[str, str]]] = [
    (frozenset(), {}),
    (frozenset({Option.NIGHTLY}), {"reconcile": "nightly"}),
    (frozenset({Option.ATTACHED}), {"buckets": "photos-prod"}),
    (
        frozenset({Option.ATTACHED, Option.NIGHTLY}),
        {"buckets": "photos-prod", "reconcile": "nightly"},
    ),
    (frozenset({Option.SQL}), {"sql": "true"}),
    (frozenset({Option.WORKERS}), {"workers": "true"}),
]


def alarm_metrics(templates: list[Template]) -> int:
    """Metrics of all alarms: one, or those of a formula."""
    count = 0
    for template in templates:
        for alarm in properties(template, "AWS::CloudWatch::Alarm", least=0):
            queries = alarm.get("Metrics", [{"MetricStat": {}}])
            count += sum("MetricStat" in query for query in queries)
    return count


def all_of(folder: Path) -> list[Template]:
    return [
        read(folder, path.name.split(".")[0]) for path in sorted(folder.glob("*.template.json"))
    ]


@pytest.mark.parametrize(("options", "settings"), SETTINGS)
def test_keys_and_alarms_are_counted(
    assemblies: Assemblies, options: frozenset[Option], settings: dict[str, str]
) -> None:
    templates = all_of(assemblies.catalog(**settings))
    idle = {line.reason: line.quantity for line in usage(Workload(0, 0, Rate.TRICKLE, 0, options))}
    keys = sum(len(properties(each, "AWS::KMS::Key", least=0)) for each in templates)
    assert idle["keys, before their first rotation"] == keys
    # ECS adds two for its managed scaling, which no template has.
    by_ecs = 2 if Option.WORKERS in options else 0
    assert idle["metrics of alarms"] == alarm_metrics(templates) + by_ecs


@pytest.mark.parametrize("options", [frozenset(), frozenset({Option.DASHBOARD})])
def test_dashboards_are_counted(assemblies: Assemblies, options: frozenset[Option]) -> None:
    settings = {"dashboard": "true"} if options else {}
    dashboards = properties(
        read(assemblies.catalog(**settings)), "AWS::CloudWatch::Dashboard", least=0
    )
    lines = usage(Workload(0, 0, Rate.TRICKLE, 0, options))
    priced = sum(line.quantity for line in lines if line.price is DASHBOARD)
    assert priced == len(dashboards) == len(options)


def test_the_canary_has_the_metrics_of_alarms_that_the_pages_price(assemblies: Assemblies) -> None:
    with_ = alarm_metrics(all_of(assemblies.catalog()))
    without = alarm_metrics(all_of(assemblies.catalog(canary="off")))
    assert with_ - without == 5


def functions(template: Template) -> dict[str, Any]:
    """The properties of the functions of ours, by their handlers."""
    return {
        each["Handler"]: each
        for each in properties(template, "AWS::Lambda::Function")
        if each["Handler"].startswith("handlers.")
    }


def test_functions_have_the_memory_and_the_logs_that_are_priced(assemblies: Assemblies) -> None:
    found: dict[str, Any] = {}
    settings = {"sql": "true", "workers": "true", "reconcile": "nightly"}
    for template in all_of(assemblies.catalog(**settings)):
        found |= functions(template)
    for name in ("ingest", "totals", "publish", "mirror"):
        assert found[f"handlers.{name}.handler"]["MemorySize"] == units.MEMORY_GB * 1024
    assert found["handlers.inspect.handler"]["MemorySize"] == units.INSPECT_GB * 1024
    assert found["handlers.reconcile.work"]["MemorySize"] == units.RECONCILE_GB * 1024
    # Without lines of Lambda itself, the only one is that of the handler.
    assert {each["LoggingConfig"]["SystemLogLevel"] for each in found.values()} == {"WARN"}


@pytest.mark.parametrize(
    ("options", "settings"),
    [(frozenset(), {}), (frozenset({Option.TRACING}), {"tracing": "true"})],
)
def test_traces_are_priced_where_functions_are_traced(
    assemblies: Assemblies, options: frozenset[Option], settings: dict[str, str]
) -> None:
    priced = {
        line.reason
        for line in usage(Workload(1, 0, Rate.TRICKLE, 0, options))
        if line.price is TRACE
    }
    found = functions(read(assemblies.catalog(**settings)))
    traced = {name.split(".")[1] for name, each in found.items() if "TracingConfig" in each}
    # The hooks of a rollout run at deployments only.
    assert priced == traced - {"pre_traffic", "post_traffic"}


def test_batches_are_as_large_as_the_model_has_them(assemblies: Assemblies) -> None:
    settings = {"sql": "true", "workers": "true", "transport": "sqs"}
    found = sorted(
        (mapping["BatchSize"], mapping.get("MaximumBatchingWindowInSeconds"))
        for template in all_of(assemblies.catalog(**settings))
        for mapping in properties(template, "AWS::Lambda::EventSourceMapping", least=0)
    )
    assert found == sorted(
        [
            (units.TOTALS_BATCH, units.TOTALS_WINDOW),
            (units.PUBLISH_BATCH, units.PUBLISH_WINDOW),
            (units.QUEUE_BATCH, 1),  # ingest
            (units.QUEUE_BATCH, 1),  # mirror
            (units.INSPECT_BATCH, None),
        ]
    )
    [tumbling] = [
        mapping["TumblingWindowInSeconds"]
        for mapping in properties(
            read(assemblies.catalog(**settings)), "AWS::Lambda::EventSourceMapping"
        )
        if "TumblingWindowInSeconds" in mapping
    ]
    assert tumbling == units.WINDOW_SECONDS


def test_both_tables_are_paid_by_request_and_have_point_in_time_recovery(
    template: Template,
) -> None:
    tables = properties(template, "AWS::DynamoDB::Table", least=2)
    assert len(tables) == 2
    for table in tables:
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}
