"""The system, live: its parts as deployed with their numbers, and the changes as they come."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reinventure.console import map_layout, pages
from reinventure.console.change_list import change_list
from reinventure.console.frame import page
from reinventure.console.map_drawing import drawing
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.served import Served, served
from reinventure.console.system_map import SystemMap

NAME = "Live"
PATH = pages.LIVE


def show(request: Request) -> Response:
    """Return the page."""
    here = served(request)
    system, numbers = here.system(), here.numbers.shown()
    return page(
        request,
        "Live",
        e(
            "section",
            e("h1", "The system, live"),
            e(
                "p",
                "A change in a bucket goes along the lines until table, totals and change feed "
                "have it. Numbers are of the last five minutes.",
                class_="lead",
            ),
            e("p", here.numbers.problem, class_="problem", role="status", data_problem="numbers"),
            _ways(here, system),
            drawing(map_layout.wide(system), numbers, "wide"),
            drawing(map_layout.narrow(system), numbers, "tall"),
            _legend(here),
        ),
        e(
            "section",
            e("h2", "Changes as they come"),
            e("p", here.changes.problem, class_="problem", role="status", data_problem="following"),
            change_list(here.changes.last(), next(iter(here.catalog.scope.buckets), "BUCKET")),
        ),
        current=PATH,
        scripts=["live.js"],
    )


def _ways(here: Served, system: SystemMap) -> Element:
    """Return the ways that the changes of each bucket take, for the script."""
    steps = {
        bucket: [[f"{way.start} {way.end}" for way in step] for step in system.steps_of(bucket)]
        for bucket in here.catalog.scope.buckets
    }
    return e("div", data_ways=json.dumps(steps), hidden=True)


def _legend(here: Served) -> Element:
    calls = (
        "Calls and failures of functions, and their durations: the log of the emulator, which has "
        "no metrics of them. put→row: the median and p99 from the event at S3 until its row was "
        "written, by the log of ingest. Behind: how long the newest event took until it counted."
        if here.local
        else "Calls and failures of functions: CloudWatch, which is a minute or two behind. Their "
        "durations: those of the newest minute. Behind: the age of the oldest record of the "
        "table's stream when it was read."
    )
    return e(
        "details",
        e("summary", "What the numbers are"),
        e("p", f"All are of the last five minutes. {calls}"),
        e(
            "p",
            "p50 and p99 of the change feed: from the event at S3 until SNS sent the change, "
            "measured of every change that came here. Objects, bytes and rows: the totals. A way "
            "lights up when a change has gone it, for as long as the change took: shared evenly "
            "between the steps, for only the whole is measured.",
        ),
        class_="legend",
    )


routes = [Route(PATH, show)]
