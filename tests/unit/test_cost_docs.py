"""Every figure of docs/cost.md, and every price in the README, is what the command computes."""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reinventure.cli import app
from reinventure.cost import prices, units
from reinventure.cost.alternatives import alternatives
from reinventure.cost.prices import Price
from reinventure.cost.usage import rotations, usage
from reinventure.cost.workload import Option, Rate, Workload
from s3_catalog.model.object_key import partition

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

MILLION = 1_000_000
KEYS = 100_000
PARTITION_WRITES = 1_000
"""Write units a second of a partition of DynamoDB."""


def dollars(amount: float) -> str:
    return f"${Decimal(f'{amount:.6f}').quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def a_million(
    rate: Rate, overwrites: float, *options: Option, service: str = "", reason: str = ""
) -> float:
    """The dollars of a million changes, or of those of its lines with this service and reason."""
    work = Workload(MILLION, 0, rate, overwrites, frozenset(options))
    return sum(
        line.dollars
        for line in usage(work)
        if line.by_change and service in {"", line.price.service} and reason in {"", line.reason}
    )


def traces(rate: Rate) -> float:
    """The dollars of X-Ray for a million new objects."""
    return a_million(rate, 0, Option.TRACING, service="X-Ray")


def month(objects: int, rate: Rate, *options: Option) -> Workload:
    """A month in which a tenth of the objects changes."""
    return Workload(objects // 10, objects, rate, 0.2, frozenset(options))


def rates() -> Iterable[str]:
    for rate in Rate:
        cells = (
            a_million(rate, 0),
            a_million(rate, 0.2),
            a_million(rate, 0.2, Option.ATTACHED),
            a_million(rate, 0.2, Option.SQS),
        )
        yield f"| `{rate}` | {' | '.join(map(dollars, cells))} |"


def sizes() -> Iterable[str]:
    for objects, rate in (
        (MILLION, Rate.TRICKLE),
        (100 * MILLION, Rate.STEADY),
        (10_000 * MILLION, Rate.BURST),
    ):
        lines = usage(month(objects, rate))
        total = sum(line.dollars for line in lines)
        idle = sum(line.dollars for line in lines if not line.by_change)
        nightly = sum(line.dollars for line in usage(month(objects, rate, Option.NIGHTLY))) - total
        journal, inventory, daily = alternatives(month(objects, rate))
        cells = (total, idle, nightly, journal.dollars, inventory.dollars, daily.dollars)
        yield f"| {objects:,} | `{rate}` | {' | '.join(map(dollars, cells))} |"


def hot_prefix() -> Iterable[str]:
    for shards in (1, 4, 16, 64):
        rows = Counter(
            partition("logs-prod", f"2026/11/26/host/{n:09}.json.gz", shards) for n in range(KEYS)
        )
        busiest = max(rows.values()) / KEYS
        yield f"| {shards} | {busiest:.1%} | {int(PARTITION_WRITES / busiest):,} |"


def price_list() -> Iterable[str]:
    for price in vars(prices).values():
        if isinstance(price, Price):
            # Small ones by the million.
            small = 0 < price.dollars < 0.001
            amount = f"${price.dollars * MILLION:g} a million" if small else f"${price.dollars:g}"
            free = f"{price.free:,.0f}" if price.free else ""
            name = f"{price.service}: {price.unit}"
            yield (
                f"| {name} | {amount} | {free} | [{price.page}](https://{price.page}) |"
                f" {price.source.value} |"
            )


@pytest.mark.parametrize("expected", [rates, sizes, hot_prefix, price_list])
def test_a_table_is_computed(expected: object) -> None:
    rows = list(expected())  # type: ignore[operator]
    assert "\n".join(rows) in PAGE


@pytest.mark.parametrize("rate", Rate)
@pytest.mark.parametrize("objects", [0, MILLION, 1_000 * MILLION, 100_000 * MILLION])
@pytest.mark.parametrize("changes", [0, 1, MILLION, 10_000 * MILLION])
def test_what_aws_offers_is_cheaper_at_every_size(rate: Rate, objects: int, changes: int) -> None:
    work = Workload(changes, objects, rate, 0)
    total = sum(line.dollars for line in usage(work))
    assert max(other.dollars for other in alternatives(work)) < total


def test_a_window_costs_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    [paragraph] = re.findall(r"^With 300 .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    figures = []
    for window, options in ((300, []), (300, [Option.ATTACHED]), (1, [])):
        monkeypatch.setattr(units, "TOTALS_WINDOW", window)
        figures.append(dollars(a_million(Rate.TRICKLE, 0, *options)))
    assert re.findall(r"\$[\d.,]*\d", paragraph) == figures


@pytest.mark.parametrize("option", Option)
def test_each_option_is_explained(option: Option) -> None:
    assert f"\n| `{option}` |" in PAGE


def test_traces_cost_what_the_page_says() -> None:
    [paragraph] = re.findall(r"^- \*\*Traces.*?\n(?=- )", PAGE, re.MULTILINE | re.DOTALL)
    shared = a_million(Rate.TRICKLE, 0, Option.TRACING, service="X-Ray", reason="ingest")
    figures = [*map(traces, Rate), shared]
    assert re.findall(r"\$[\d.,]*\d", paragraph) == [dollars(each) for each in figures]


def test_the_example_is_what_the_command_prints() -> None:
    shown = CliRunner().invoke(app, ["cost"]).stdout
    assert f"```text\n{shown}```" in PAGE


def month_of(work: Workload, service: str = "") -> float:
    """The dollars of a month, or of those of its lines with this service."""
    return sum(line.dollars for line in usage(work) if service in {"", line.price.service})


def test_an_idle_month_costs_what_the_page_says() -> None:
    [paragraph] = re.findall(r"^\*\*Idle\*\*.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    idle = Workload(0, 0, Rate.TRICKLE, 0)
    polled = Workload(0, 0, Rate.TRICKLE, 0, frozenset({Option.SQS}))
    figures = [
        month_of(idle, "KMS"),
        month_of(idle, "CloudWatch"),
        month_of(Workload(0, MILLION, Rate.TRICKLE, 0), "DynamoDB"),
        month_of(polled, "SQS"),
        rotations(idle),
    ]
    assert re.findall(r"\$[\d.,]*\d", paragraph) == [dollars(each) for each in figures]


def test_versions_that_expire_cost_what_the_page_says() -> None:
    expired = a_million(Rate.TRICKLE, 1) - a_million(Rate.TRICKLE, 0)
    assert f"another\n  {dollars(expired)} when the old versions expire" in PAGE


def test_the_readme_has_the_same_figures() -> None:
    [paragraph] = re.findall(r"^\*\*Cost.*?\n\n", README, re.MULTILINE | re.DOTALL)
    attached = a_million(Rate.TRICKLE, 0, Option.ATTACHED) - a_million(Rate.TRICKLE, 0)
    figures = [
        month_of(Workload(0, 0, Rate.TRICKLE, 0)),
        a_million(Rate.TRICKLE, 0),
        a_million(Rate.BURST, 0),
        attached,
    ]
    assert re.findall(r"\$[\d.,]*\d", paragraph) == [dollars(each) for each in figures]
    assert README.count(prices.AS_OF) == 2


def test_the_readme_prices_the_alternatives() -> None:
    attached = frozenset({Option.ATTACHED})
    idle = Workload(0, 10 * MILLION, Rate.TRICKLE, 0, attached)
    changes = Workload(MILLION, 0, Rate.TRICKLE, 0, attached)
    _, metadata, daily = alternatives(idle)
    _, recorded, listed = alternatives(changes)
    nightly = 30 * idle.objects / 1000 * prices.LIST_REQUEST.dollars
    assert (recorded.once, listed.dollars, daily.once) == (0, 0, 0)
    range_ = " to ".join(
        dollars(a_million(rate, 0, Option.ATTACHED)) for rate in (Rate.BURST, Rate.TRICKLE)
    )
    expected = {
        "idle, a month": [
            dollars(month_of(idle)),
            f"{dollars(metadata.dollars)}; {dollars(metadata.once)} once",
            dollars(daily.dollars),
            "**free**; the paid tier by the object",
            dollars(nightly),
        ],
        "a million changes": [range_, dollars(recorded.dollars), *["nothing"] * 3],
    }
    for name, cells in expected.items():
        assert f"\n| {name} | {' | '.join(cells)} |\n" in README


def test_the_time_that_was_assumed_before_costs_what_the_page_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("INGEST_SECONDS", "PUBLISH_SECONDS"):
        monkeypatch.setattr(units, name, 0.05)
    before = dollars(a_million(Rate.TRICKLE, 0))
    assert f"If they did, `trickle` would cost {before} a million." in PAGE


def alarms_of(*options: Option) -> float:
    """The dollars of a month for the metrics of alarms that `options` add, and their own metric."""
    work = Workload(0, 0, Rate.TRICKLE, 0, frozenset(options))
    bare = Workload(0, 0, Rate.TRICKLE, 0)
    added, without = (
        sum(line.dollars for line in usage(each) if line.price.service == "CloudWatch")
        for each in (work, bare)
    )
    return added - without


def _plain(price: Price) -> str:
    return f"${price.dollars:g}" if price.dollars >= 1 else f"${price.dollars:.2f}"


def _in_prose() -> list[tuple[str, str, list[str]]]:
    """What other pages say of prices: the page, how the sentence begins, and its figures."""
    polls = units.POLLS * prices.QUEUE_REQUEST.dollars
    both = (2 * units.POLLS - prices.QUEUE_REQUEST.free) * prices.QUEUE_REQUEST.dollars
    assert polls < prices.QUEUE_REQUEST.free * prices.QUEUE_REQUEST.dollars
    acu_hour = prices.AURORA_CAPACITY.dollars / 2
    canary = 5 * prices.ALARM_METRIC.dollars
    listing = f"${prices.LIST_REQUEST.dollars * MILLION:g}"
    return [
        (
            "alarms",
            "$0.10 a month for each metric",
            [_plain(prices.ALARM_METRIC), _plain(prices.CUSTOM_METRIC)],
        ),
        ("delivery", "**Cost.** Idle: five alarm", [_plain(prices.ALARM_METRIC), "$1", "$0.002"]),
        (
            "inspection",
            "At idle nothing by",
            [dollars(alarms_of(Option.WORKERS)), dollars(both), _plain(prices.LOG_DATA)],
        ),
        (
            "sql",
            "Paused, the cluster costs",
            [
                _plain(prices.SECRET),
                _plain(prices.AURORA_CAPACITY),
                dollars(acu_hour),
                f"${730 * acu_hour:.0f}",
            ],
        ),
        (
            "buckets",
            "Afterwards an attached bucket costs",
            [f"${prices.BUS_EVENT.dollars * MILLION:g}", dollars(alarms_of(Option.ATTACHED))],
        ),
        ("services", "five metrics of alarms, ", [dollars(canary)]),
        ("services", "nothing but what they call; EventBridge ", ["$1"]),
        ("design", "million objects costs ", [listing]),
    ]


@pytest.mark.parametrize(("page", "beginning", "figures"), _in_prose())
def test_prices_in_other_pages_are_those_of_the_price_file(
    page: str, beginning: str, figures: list[str]
) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert text.count(beginning) == 1
    # As far as the paragraph goes, or the cell of a table.
    passage = re.split(r"\n\n| \| ", text[text.index(beginning) :])[0]
    found = [each for each in re.findall(r"\$[\d.,]*\d", passage) if each != "$1,300"]
    assert found == figures
