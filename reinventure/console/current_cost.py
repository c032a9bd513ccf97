"""What the changes cost since the console was started, as read last, published when it changes."""

from math import floor, log10

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.console.cost_counts import CountReader
from reinventure.console.event_stream import EventStream
from reinventure.cost.measured import SoFar, so_far
from reinventure.errors import UserError
from s3_catalog.model.timestamps import utc_now

_CENT = 0.01
_WHOLE = 100
"""Quantity from which on its fraction says nothing."""


class CurrentCost:
    """The cost that `reader` counted last."""

    def __init__(self, reader: CountReader, events: EventStream) -> None:
        self._reader, self._events = reader, events
        self.found: SoFar | None = None
        """None before the first reading."""
        self.problem: str | None = None
        """Why the cost is not current, None if it is."""

    @property
    def unread(self) -> bool:
        """Whether nothing was read yet."""
        return self.found is None and self.problem is None

    def total(self) -> str | None:
        """Return the sum; None if nothing is known, or nothing was used."""
        return money(self.found.dollars) if self.found and self.found.dollars else None

    def read(self) -> None:
        """Read the counts. An error becomes the problem; the cost is then the old one.

        Publishes the event `cost` if something changed.
        """
        before = self.found, self.problem
        try:
            self.found = so_far(self._reader.read(utc_now()))
            self.problem = None
        except UserError as error:
            self.problem = str(error)
        except (ClientError, BotoCoreError) as error:
            self.problem = explain(error)
        if (self.found, self.problem) != before:
            self._events.publish("cost", self.data())

    def data(self) -> dict[str, object]:
        """Return what a page shows, as JSON: `lines` are texts by the number of a line."""
        found = self.found
        return {
            "total": self.total(),
            "problem": self.problem,
            "sums": sums(found) if found else {},
            "lines": [texts(found, n) for n in range(len(found.lines))] if found else [],
        }


def sums(found: SoFar) -> dict[str, str]:
    """Return the texts above the table."""
    return {
        "changes": f"{found.changes:,}",
        "dollars": money(found.dollars),
        "million": "unknown" if found.million is None else money(found.million),
    }


def texts(found: SoFar, number: int) -> dict[str, str]:
    """Return the texts of a line of the table, by column."""
    line = found.lines[number]
    return {
        "service": line.price.service,
        "reason": line.reason,
        "quantity": quantity(line.quantity),
        "unit": line.price.unit,
        "dollars": money(line.dollars),
        "million": money(found.millions[number]) if found.millions else "",
        "from": "counted" if line.counted else "model",
    }


def money(dollars: float) -> str:
    """Return `dollars`; below a cent with two digits that say something, as $0.00031."""
    return f"${dollars:,.2f}" if dollars >= _CENT or not dollars else f"${_two_digits(dollars)}"


def quantity(value: float) -> str:
    """Return how much was used: two or three digits that say something, from 100 on all."""
    if value >= _WHOLE:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= _CENT or not value else _two_digits(value)


def _two_digits(value: float) -> str:
    """Return a `value` below 1 without an exponent, with two digits after its zeros."""
    return f"{value:.{1 - floor(log10(value))}f}"
