"""The map of the deployed stacks, and where its parts stand on the drawing."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.map_drawing import drawing
from reinventure.console.map_layout import NARROW_WIDTH, WIDE_WIDTH, Box, Layout, narrow, wide
from reinventure.console.part_numbers import PartNumbers
from reinventure.console.system_map import SystemMap, system_map
from reinventure.contract import InspectionOutputs, SqlOutputs

INSPECTION = InspectionOutputs(
    inspection_failure_queue_url="small-failures",
    examine_queue_url="small",
    worker_queue_url="large",
    inspect_max_mib=64,
    worker_task_arn="task",
    worker_failure_queue_url="large-failures",
)
MIRROR = SqlOutputs(
    cluster_arn="cluster",
    reader_secret_arn="secret",  # noqa: S106 (its address)
    mirror_arn="arn:aws:lambda:us-east-1:123456789012:function:mirror",
    mirror_failure_queue_url="failures",
)


def of(
    catalog: DeployedCatalog,
    *,
    transport: str | None = None,
    attached: str | None = None,
    own: bool = True,
    inspection: InspectionOutputs | None = None,
    mirror: SqlOutputs | None = None,
) -> SystemMap:
    name = catalog.outputs.bucket_name if own else None
    outputs = replace(
        catalog.outputs, event_transport=transport, attached_buckets=attached, bucket_name=name
    )
    return system_map(outputs, replace(catalog, outputs=outputs).scope, inspection, mirror)


def ways(system: SystemMap) -> set[tuple[str, str]]:
    return {(edge.start, edge.end) for edge in system.edges}


ALWAYS = {
    ("ingest", "table"),
    ("table", "totals"),
    ("table", "publish"),
    ("publish", "feed"),
    ("feed", "inspect"),
    ("feed", "mirror"),
}


def test_the_smallest_system(catalog: DeployedCatalog) -> None:
    system = of(catalog, transport="lambda")
    assert ways(system) == {("bucket-0", "ingest"), *ALWAYS}
    assert {part.id: part.off for part in system.parts if part.off} == {
        "inspect": "workers",
        "mirror": "sql",
    }
    assert system.parts[0].title == catalog.bucket


@pytest.mark.parametrize(
    ("transport", "way"), [("sqs", "events"), ("sns", "events"), ("eventbridge", "eventbridge")]
)
def test_a_transport_is_between_bucket_and_ingest(
    catalog: DeployedCatalog, transport: str, way: str
) -> None:
    found = ways(of(catalog, transport=transport))
    assert found == {("bucket-0", way), (way, "ingest"), *ALWAYS}


def test_attached_buckets_come_through_eventbridge_whatever_the_transport_is(
    catalog: DeployedCatalog,
) -> None:
    system = of(catalog, transport="sqs", attached="logs/2026/")
    ids = {part.bucket: part.id for part in system.parts if part.bucket}
    assert ids.keys() == {"logs", catalog.bucket}
    assert ways(system) - ALWAYS == {
        (ids["logs"], "eventbridge"),
        (ids[catalog.bucket], "events"),
        ("eventbridge", "ingest"),
        ("events", "ingest"),
    }


def test_a_catalog_of_attached_buckets_only(catalog: DeployedCatalog) -> None:
    system = of(catalog, transport="lambda", attached="logs", own=False)
    assert ways(system) - ALWAYS == {("bucket-0", "eventbridge"), ("eventbridge", "ingest")}


def test_of_many_buckets_some_share_a_part(catalog: DeployedCatalog) -> None:
    names = ",".join(f"attached-{n}" for n in range(20))
    system = of(catalog, transport="lambda", attached=names, own=False)
    first = [part for part in system.parts if part.rank == 0]
    assert [part.title for part in first][-1] == "16 more buckets"
    assert len(first) == 5
    assert first[0].title == "attached-0"
    # Their changes are shown, too.
    steps = system.steps_of("attached-9")
    assert [(edge.start, edge.end) for edge in steps[0]] == [("bucket-more", "eventbridge")]


def test_the_bucket_of_its_own_has_a_part_whatever_its_name_is(catalog: DeployedCatalog) -> None:
    names = ",".join(f"attached-{n}" for n in range(20))
    assert catalog.bucket > "attached"
    system = of(catalog, transport="lambda", attached=names)
    assert system.parts[0].bucket == catalog.bucket
    assert ("bucket-0", "ingest") in ways(system)


def test_a_change_goes_from_its_bucket_to_the_feed(catalog: DeployedCatalog) -> None:
    steps = of(catalog, transport="sqs").steps_of(catalog.bucket)
    assert [[(edge.start, edge.end) for edge in step] for step in steps] == [
        [("bucket-0", "events")],
        [("events", "ingest")],
        [("ingest", "table")],
        [("table", "totals"), ("table", "publish")],
        [("publish", "feed")],
    ]


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize(("layout", "width"), [(wide, WIDE_WIDTH), (narrow, NARROW_WIDTH)])
@pytest.mark.parametrize("buckets", [1, 2, 5, 20])
@pytest.mark.parametrize("transport", ["lambda", "sqs"])
def test_all_parts_are_on_the_drawing_and_apart(
    catalog: DeployedCatalog,
    layout: Callable[[SystemMap], Layout],
    width: float,
    buckets: int,
    transport: str,
) -> None:
    names = ",".join(f"attached-{n}" for n in range(buckets - 1)) or None
    system = of(catalog, transport=transport, attached=names, inspection=INSPECTION, mirror=MIRROR)
    found = layout(system)
    assert {box.part.id for box in found.boxes} == {part.id for part in system.parts}
    assert found.width == width
    for box in found.boxes:
        assert 0 < box.x < box.x + box.width < width
        assert 0 < box.y < box.y + box.height < found.height
        # Sixteen characters of numbers, and their margins.
        assert box.width >= 128
    assert not [pair for pair in combinations(found.boxes, 2) if overlap(*pair)]
    assert len(found.lines) == len(system.edges)


def test_wide_is_from_left_to_right_and_narrow_from_top_to_bottom(
    catalog: DeployedCatalog,
) -> None:
    system = of(catalog, transport="sqs", inspection=INSPECTION, mirror=MIRROR)
    across = {box.part.id: box for box in wide(system).boxes}
    down = {box.part.id: box for box in narrow(system).boxes}
    for edge in system.edges:
        assert across[edge.start].x + across[edge.start].width < across[edge.end].x
        assert down[edge.start].y + down[edge.start].height < down[edge.end].y


def test_a_part_that_fails_is_marked_and_so_is_the_way_to_it(catalog: DeployedCatalog) -> None:
    system = of(catalog, transport="lambda")
    numbers = {"ingest": PartNumbers("2 of 3 failed", failures="1 failed", waiting=1, failing=True)}
    svg = str(drawing(wide(system), numbers, "wide"))
    assert 'data-way="bucket-0 ingest" class="failing"' in svg
    assert 'data-part="ingest" class="part function failing"' in svg
    assert 'data-way="ingest table" class=""' in svg
    assert '<a href="/failures#ingest" class="failures waiting">' in svg
    assert ">1 failed</text>" in svg


def test_the_name_of_a_bucket_is_short_on_the_drawing_and_whole_in_its_title(
    catalog: DeployedCatalog,
) -> None:
    svg = str(drawing(narrow(of(catalog)), {}, "tall"))
    assert f"<title>{catalog.bucket}</title>" in svg
    assert f">{catalog.bucket}</text>" not in svg
    assert f">{catalog.bucket[:10]}" in svg


def test_the_way_to_what_is_off_is_dimmed_and_never_red(catalog: DeployedCatalog) -> None:
    svg = str(drawing(wide(of(catalog, inspection=INSPECTION)), {}, "wide"))
    assert re.search(r'data-way="feed mirror" class="off"', svg)
    assert re.search(r'data-way="feed inspect" class=""', svg)
