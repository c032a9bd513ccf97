"""The price of a workload, as lines for a person and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from decimal import ROUND_HALF_UP, Decimal

from reinventure.cost import prices
from reinventure.cost.alternatives import CATALOG, Alternative, alternatives
from reinventure.cost.measured import Measured
from reinventure.cost.usage import Line, free, rotations, usage
from reinventure.cost.workload import Workload
from reinventure.printable import printable_json

_MILLION = 1_000_000
_CENT = 0.005
_WHOLE = 100
"""From here on, fractions of a unit are not shown."""


def cost_lines(workload: Workload) -> Iterator[str]:
    """Yield the lines for a person: what is cheaper, the table, the sums, what each gives."""
    yield from _lines(workload, usage(workload), [_heading(workload)])


def measured_lines(measured: Measured) -> Iterator[str]:
    """Yield the same lines of a deployed catalog, and which of them were counted."""
    counts, work = measured.counts, measured.workload
    days = f"{counts.days:.3g} days, as a month of 30"
    heading = [
        f"{work.changes:,} changes a month, {work.objects:,} rows{_with(work)}",
        f"Counted from {counts.start:%Y-%m-%d %H:%M} to {counts.end:%Y-%m-%d %H:%M} UTC: {days}",
        f"Asked CloudWatch for {counts.asked} metrics: {_dollars(measured.request_dollars)}",
    ]
    yield from _lines(work, measured.lines, heading)


def _lines(workload: Workload, lines: Sequence[Line], heading: Sequence[str]) -> Iterator[str]:
    others = alternatives(workload)
    total = sum(line.dollars for line in lines)
    yield from _cheaper(total, others)
    yield from heading
    yield ""
    yield from _table(_priced(lines, workload), right={"UNITS", "A MONTH", "A MILLION CHANGES"})
    yield ""
    yield from _sums(lines, workload)
    yield ""
    yield from _table(_given(total, others), right=set())
    yield ""
    yield (
        f"Prices: {prices.LOCATION}, list prices; other regions cost up to twice as much. "
        "Sources and assumptions: docs/cost.md"
    )
    unconfirmed = sorted({each.price.service for each in lines if _unconfirmed(each)})
    if unconfirmed:
        yield f"Not confirmed on a page of AWS: {', '.join(unconfirmed)} (marked with ?)"


def cost_json(workload: Workload) -> Iterator[str]:
    """Yield one JSON object a line: each line of usage, the totals, each alternative."""
    yield from _json(workload, usage(workload), {})


def measured_json(measured: Measured) -> Iterator[str]:
    """Yield the same objects of a deployed catalog; `counted` is whether a line was counted."""
    counts = measured.counts
    times = {
        "counted_from": counts.start.isoformat(),
        "counted_to": counts.end.isoformat(),
        "metrics": counts.asked,
    }
    yield from _json(measured.workload, measured.lines, times)


def _json(workload: Workload, lines: Sequence[Line], times: dict[str, object]) -> Iterator[str]:
    for line in lines:
        yield printable_json(
            {
                "type": "usage",
                "service": line.price.service,
                "reason": line.reason,
                "unit": line.price.unit,
                "quantity": line.quantity,
                "unit_price": line.price.dollars,
                "month": line.dollars,
                "million_changes": _by_million(line.dollars, workload) if line.by_change else None,
                "page": f"https://{line.price.page}",
                "source": line.price.source.value,
                **({} if line.counted is None else {"counted": line.counted}),
            }
        )
    by_change = sum(line.dollars for line in lines if line.by_change)
    total = sum(line.dollars for line in lines)
    yield printable_json(
        {
            "type": "total",
            "month": total,
            "idle": total - by_change,
            "million_changes": _by_million(by_change, workload),
            "free": free(lines),
            "each_rotation": rotations(workload),
            "prices": prices.LOCATION,
            **times,
        }
    )
    for other in alternatives(workload):
        yield printable_json(
            {
                "type": "alternative",
                "name": other.name,
                "month": other.dollars,
                "once": other.once,
                **asdict(other.gives),
            }
        )


def _heading(workload: Workload) -> str:
    return (
        f"{workload.changes:,} changes a month ({workload.rate}, "
        f"{workload.overwrites * 100:.3g}% overwrites), {workload.objects:,} objects"
        f"{_with(workload)}"
    )


def _with(workload: Workload) -> str:
    return f", with {', '.join(sorted(workload.options))}" if workload.options else ""


def _cheaper(total: float, others: Sequence[Alternative]) -> Iterator[str]:
    """Yield what costs less than `total` dollars a month."""
    cheaper = [other for other in others if other.dollars < total]
    if cheaper:
        yield "Cheaper, where it is enough (the last table has what each gives):"
        for other in cheaper:
            share = f", {total / other.dollars:,.0f} times less" if other.dollars else ""
            yield f"  {other.name:<28} {_dollars(other.dollars)} a month{share}"
        yield ""


def _unconfirmed(line: Line) -> bool:
    return line.price.source is prices.Source.UNCONFIRMED


def _priced(lines: Sequence[Line], workload: Workload) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("SERVICE", "FOR", "UNITS", "", "A MONTH", "A MILLION CHANGES")]
    if any(line.counted is not None for line in lines):
        rows[0] += ("FROM",)
    services = dict.fromkeys(line.price.service for line in lines)
    for service in services:
        of = [line for line in lines if line.price.service == service]
        name = service
        for line in of:
            million = _dollars(_by_million(line.dollars, workload)) if line.by_change else "-"
            mark = " ?" if _unconfirmed(line) else ""
            rows.append(
                (
                    name,
                    line.reason,
                    _quantity(line.quantity),
                    line.price.unit + mark,
                    _dollars(line.dollars),
                    million,
                    *_from(line.counted),
                )
            )
            name = ""
        if len(of) > 1:
            changing = sum(line.dollars for line in of if line.by_change)
            month = _dollars(sum(line.dollars for line in of))
            million = _dollars(_by_million(changing, workload))
            blank = [""] * len(_from(of[0].counted))
            rows.append(("", "= all", "", "", month, million, *blank))
    return rows


def _from(counted: bool | None) -> tuple[str, ...]:
    """Return the column that says where a quantity is from; a table of the model alone has none."""
    return () if counted is None else ("counted" if counted else "model",)


def _sums(lines: Sequence[Line], workload: Workload) -> Iterator[str]:
    by_change = sum(line.dollars for line in lines if line.by_change)
    total = sum(line.dollars for line in lines)
    without = free(lines)
    yield f"a month         {_dollars(total)}"
    yield f"a million       {_dollars(_by_million(by_change, workload))}, by changes alone"
    empty = sum(line.dollars for line in usage(replace(workload, changes=0, objects=0)))
    yield (
        f"idle            {_dollars(total - by_change)} a month, without any change; "
        f"{_dollars(empty)} for an empty catalog"
    )
    yield (
        f"rotation        {_dollars(rotations(workload))} a month more after the first rotation "
        "of the keys, as much again after the second"
    )
    yield f"free            {_dollars(without)} of the month, if the account uses nothing else"


def _given(total: float, others: Sequence[Alternative]) -> list[tuple[str, ...]]:
    """Return what each gives: a column for each, because there are few."""
    each = [Alternative("this catalog", total, 0, CATALOG), *others]
    return [
        ("", *(one.name.upper() for one in each)),
        ("a month", *(_dollars(one.dollars) for one in each)),
        ("once", *(_dollars(one.once) if one.once else "-" for one in each)),
        *(
            (name.replace("_", " "), *(str(getattr(one.gives, name)) for one in each))
            for name in asdict(CATALOG)
        ),
    ]


def _table(rows: Sequence[tuple[str, ...]], right: set[str]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (
            cell.rjust(width) if heading in right else cell.ljust(width)
            for cell, width, heading in zip(row, widths, rows[0], strict=True)
        )
        yield "  ".join(padded).rstrip()


def _by_million(dollars: float, workload: Workload) -> float:
    return dollars / workload.changes * _MILLION if workload.changes else 0


def _quantity(number: float) -> str:
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.3g}"


def _dollars(amount: float) -> str:
    if 0 < amount < _CENT:
        return "< $0.01"
    # As on an invoice; the digits of a float would round some halves down.
    return f"${Decimal(f'{amount:.6f}').quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
