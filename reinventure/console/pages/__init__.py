"""The pages: a module each, listed here.

A page has NAME, its word in the navigation (empty for one that is reached from others), PATH, and
`routes`, its routes of Starlette. Its handlers are plain functions, which may wait for AWS:
Starlette runs them in threads. `reinventure.console.posts` makes the routes of forms.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast
from urllib.parse import urlencode

from starlette.routing import BaseRoute

LIVE = "/"
"""PATH of the page of the system."""

COMMAND = "/command"
"""PATH of the page of the running command, to which pages lead that start one."""

FAILURES = "/failures"
"""PATH of the page of what failed, whose word in the navigation has their number."""

DIFFERENCES = "/differences"
"""PATH of the page of the differences, to which the badge leads."""

BREAK = "/break-it"
"""PATH of the page that breaks the local cloud, and starts the tour."""

START_TOUR, STOP_TOUR, SAW_TOUR = (f"{BREAK}/tour/{each}" for each in ("start", "stop", "saw"))
"""Paths of the forms of the tour: its start, its end, and that a page has shown a step."""

KEY = "/key"
"""PATH of the page of one key, to which each key leads."""

CATALOG = "/catalog"
"""PATH of the page of buckets and folders."""

OBJECT = "/object"
"""PATH of the page of one object, with its row, picture and versions."""

COST = "/cost"
"""PATH of the page of what changes cost, whose word in the navigation has the sum."""

_MODULES = ("live", "catalog", "object", "key", "failures", "differences", "cost", "command")
"""The modules of the pages, in the order of the navigation."""

_BREAKABLE_MODULES = ("break_it",)
"""Those after them on the local cloud, and nowhere else."""


class Page(Protocol):
    """What the module of a page has."""

    NAME: str
    PATH: str
    routes: Sequence[BaseRoute]


def listed(*, breakable: bool) -> list[Page]:
    """Return the pages in the order of the navigation; `breakable`: with those that break it."""
    names = (*_MODULES, *(_BREAKABLE_MODULES if breakable else ()))
    # Late: pages import the frame, which lists them.
    return [cast("Page", import_module(f"{__name__}.{name}_page")) for name in names]


def of_key(bucket: str, key: str) -> str:
    """Return the address of the page of `key`. It is ASCII, whatever the key has."""
    return f"{KEY}?{urlencode({'bucket': bucket, 'key': key})}"
