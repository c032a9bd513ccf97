"""The results of a whole run, as the committed file has them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.machine import Machine
from bench.processes import ROOT
from bench.row import Goal, Row, Spread

FILE = ROOT / "bench" / "results.json"

METHOD = (
    "CPU is user and system time of a process and of those that it started. Each round measures "
    "this project and its peers in turns, every other round backwards. Figures are medians of all "
    "rounds, with the lowest and the highest; a ratio is that of a round. Clients talk TLS to a "
    "server on the loopback that answers at once, with the usual CA certificates. Write units are "
    "counted from the requests to an emulator, which decides what is refused. Rows of the groups "
    "cloud and console are seconds of a clock."
)


@dataclass(frozen=True, slots=True)
class Results:
    """The circumstances of a run and its rows."""

    machine: Machine
    rows: list[Row]


def write(results: Results) -> None:
    """Write `results` to the file, in four significant digits, and whether each goal is met."""
    document = {
        "method": METHOD,
        "machine": asdict(results.machine),
        "rows": [{**asdict(row), "met": row.met} for row in results.rows],
    }
    FILE.write_text(json.dumps(_rounded(document), indent=1, ensure_ascii=False) + "\n")


def read() -> Results:
    """Return what the file has."""
    document = json.loads(FILE.read_text())
    machine = document["machine"]
    return Results(
        Machine(**{**machine, "load": tuple(machine["load"])}), list(map(_row, document["rows"]))
    )


def _row(values: Mapping[str, Any]) -> Row:
    of = {name: value for name, value in values.items() if name != "met"}
    for name, kind in (("ours", Spread), ("theirs", Spread), ("ratio", Spread), ("goal", Goal)):
        of[name] = kind(**of[name]) if of[name] else None
    return Row(**of)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
