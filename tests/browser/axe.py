"""WCAG AA by axe-core, in both schemes and at both widths."""

from pathlib import Path
from typing import Any

from tests.browser.visit import NARROW, WIDE, Visit

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

ALL = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
"""The rules that can differ between the schemes."""

RUN = "(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'] })"


def findings(visit: Visit) -> list[str]:
    """What axe-core finds in both schemes and at both widths, one line each."""
    visit.page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    found = []
    for scheme, rules in (("light", ALL), ("dark", COLOURS)):
        visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width, height in (WIDE, NARROW):
            visit.page.set_viewport_size({"width": width, "height": height})
            result: dict[str, Any] = visit.page.evaluate(RUN, rules)
            found += [
                f"{visit.page.url} {scheme} {width}: {each['impact']} {each['id']}: "
                f"{node['target']} {node['failureSummary']}"
                for each in result["violations"]
                for node in each["nodes"]
            ]
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    return found
