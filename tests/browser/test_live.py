"""The page of the system: what changes when objects do."""

import re

import pytest
from playwright.sync_api import Locator, expect

from reinventure.aws.deployed_catalog import DeployedCatalog
from tests.browser.conftest import Opener
from tests.browser.visit import NARROW, WAYS, WIDE, Visit
from tests.waiting import wait_until

FADE = 900
"""Milliseconds that a way stays lit after the change has arrived."""


def first(visit: Visit, part: str) -> Locator:
    """The first line of numbers on a part of the drawing that is seen."""
    return visit.page.locator(f'[data-part="{part}"] [data-line="first"]:visible')


def number(visit: Visit, part: str) -> int:
    """The first number on a part of the drawing, 0 for one that has none."""
    found = re.match(r"[\d,]+", first(visit, part).text_content() or "")
    return int(found[0].replace(",", "")) if found else 0


def put(catalog: DeployedCatalog, folder: str, *names: str) -> None:
    for name in names:
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"{folder}{name}", Body=name.encode())


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_three_new_objects_are_seen_on_every_way_and_part(
    opened: Opener, catalog: DeployedCatalog, folder: str, size: tuple[int, int]
) -> None:
    live = opened("/", size=size)
    page = live.page
    expect(first(live, "bucket-0")).to_have_text(re.compile(r"^[\d,]+ objects$"))
    names = ("lake.jpg", "trees.jpg", "boat.jpg")
    put(catalog, folder, *names)

    rows = page.locator("[data-changes] li", has_text=folder)
    expect(rows).to_have_count(3)
    for name in names:
        row = rows.filter(has_text=name)
        expect(row.locator('[data-field="key"]')).to_have_text(f"{folder}{name}")
        expect(row.locator("[data-kind]")).to_have_text("created")
        expect(row.locator('[data-field="size"]')).to_have_text(f"{len(name)} bytes")
    # What tests before have deleted may be counted only now.
    listing = catalog.s3.get_paginator("list_objects_v2").paginate(Bucket=catalog.bucket)
    objects = sum(each["KeyCount"] for each in listing)
    expect(first(live, "bucket-0")).to_have_text(f"{objects:,} objects")
    expect(first(live, "table")).to_have_text(f"{objects:,} rows")
    # Of the last minutes: what tests before have changed leaves the number meanwhile.
    wait_until(lambda: number(live, "feed") >= len(names))
    for part in ("ingest", "totals", "publish"):
        assert number(live, part) > 0, part

    # Each change went every way, one step after the other, in the time that it took.
    animated = page.evaluate("() => window.animated.filter((each) => each.seen)")
    assert {each["way"] for each in animated} == WAYS
    shown = rows.locator('[data-field="delay"]').all_text_contents()
    delays = sorted(int(re.sub(r"\D", "", text)) for text in shown)
    to_feed = [
        each["delay"] + each["duration"] - FADE
        for each in animated
        if each["way"] == "publish feed"
    ]
    for delay in delays:
        assert any(abs(each - delay) <= 1 for each in to_feed), (delays, to_feed)
    for each in animated:
        steps = ["bucket-0 ingest", "ingest table", "table", "publish feed"]
        step = next(n for n, way in enumerate(steps) if each["way"].startswith(way))
        assert each["delay"] == pytest.approx(step * (each["duration"] - FADE), abs=0.01)


def test_who_wants_no_motion_sees_the_change_without_it(
    opened: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    live = opened("/", reduced_motion=True)
    put(catalog, folder, "still.txt")
    expect(live.page.locator("[data-changes] li", has_text=folder)).to_have_count(1)
    assert live.page.evaluate("() => window.animated") == []


def test_a_change_leads_to_the_life_of_its_key(
    opened: Opener, catalog: DeployedCatalog, folder: str
) -> None:
    live = opened("/")
    put(catalog, folder, "a b+c%20.txt")
    live.page.get_by_role("link", name=f"{folder}a b+c%20.txt").click()
    expect(live.page.get_by_role("heading", level=1)).to_have_text(f"{folder}a b+c%20.txt")
    expect(live.page.locator('[data-tone="equal"]')).to_have_count(1)
