"""The badge: whether the catalog equals its buckets, by the last comparison."""

from reinventure.console.comparison_state import Comparison
from reinventure.console.markup import Element
from reinventure.console.markup import element as e
from s3_catalog.model.timestamps import timestamp


def word(comparison: Comparison) -> str:
    """Return EQUAL, the number that DIFFER, or that nothing was compared yet."""
    if comparison.problem:
        return "NOT COMPARED"
    if comparison.at is None:
        return "COMPARING" if comparison.running else "NOT COMPARED YET"
    return f"{comparison.differ:,} DIFFER" if comparison.differ else "EQUAL"


def state(comparison: Comparison) -> str:
    """Return the word that the style sheet knows: good, bad or unknown."""
    if comparison.problem or comparison.at is None:
        return "unknown"
    return "bad" if comparison.differ else "good"


def data(comparison: Comparison) -> dict[str, object]:
    """Return what the event `comparison` has: the same as the badge, as JSON."""
    return {
        "word": word(comparison),
        "state": state(comparison),
        "running": comparison.running,
        "keys": _keys(comparison.compared) if comparison.at else "",
        "at": timestamp(comparison.at) if comparison.at else None,
        "differ": comparison.differ,
    }


def _keys(number: int) -> str:
    return "1 key" if number == 1 else f"{number:,} keys"


def badge(comparison: Comparison) -> Element:
    """Return the badge, which leads to the differences, with a button that compares now."""
    shown = data(comparison)
    return e(
        "div",
        e(
            "a",
            # The word alone: the age beside it changes each second.
            e("b", str(shown["word"]), data_badge="word", aria_live="polite"),
            " ",
            e("small", e("span", str(shown["keys"]), data_badge="keys"), " "),
            e("small", e("time", data_badge="at", datetime=str(shown["at"] or ""))),
            href="/differences",
        ),
        e(
            "form",
            e("button", "Verify", title="Compare catalog and buckets now"),
            method="post",
            action="/differences/verify",
        ),
        class_="badge",
        data_state=str(shown["state"]),
        data_running=comparison.running,
    )
