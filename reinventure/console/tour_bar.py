"""The bar of the tour, on every page while there is one: what the step shows, and how to stop."""

import json

from reinventure.console import pages
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from reinventure.console.tour import TourState, data

SCRIPT = "tour.js"
"""The script that turns the pages, and says what was seen."""


def tour_bar(tour: TourState) -> Element:
    """Return the bar; it is hidden before the first tour, and after it was closed."""
    step = tour.step if tour.running else None
    return e(
        "aside",
        e(
            "p",
            e("small", f"Step {tour.number} of {tour.count}" if step else None, data_tour="place"),
            " ",
            e("b", step.title if step else None, data_tour="title"),
            " ",
            e("span", step.text if step else tour.ending, data_tour="text"),
            # Read out as a whole: a title without its text says little.
            role="status",
            aria_atomic="true",
        ),
        e(
            "form",
            e("button", "Stop the tour" if tour.running else "Close the tour", data_tour="button"),
            method="post",
            action=pages.STOP_TOUR,
        ),
        aria_label="Tour",
        class_="tour",
        data_state=json.dumps(data(tour)),
        hidden=not tour.running and tour.ending is None,
    )
