"""What AWS offers, priced by hand: $0.30 a million records, a billion objects free, and tables."""

import pytest

from reinventure.cost.alternatives import alternatives
from reinventure.cost.workload import Option, Rate, Workload

MILLION, BILLION = 1_000_000, 1_000_000_000
# Half a KB: $0.0265 a GB kept, $0.005 a GB compacted.
KEPT, COMPACTED = 0.0265 * 0.0005, 0.005 * 0.0005
"""Dollars of a thousand records in tables."""


def dollars(changes: int, objects: int, overwrites: float, *options: Option) -> list[float]:
    work = Workload(changes, objects, Rate.TRICKLE, overwrites, frozenset(options))
    return [other.dollars for other in alternatives(work)]


def test_ten_million_objects() -> None:
    journal, inventory, daily = dollars(MILLION, 10 * MILLION, 0)
    assert journal == pytest.approx(0.30 + 1_000 * (KEPT + COMPACTED))
    # Below a billion, only its table costs, besides the journal that it needs.
    assert inventory == pytest.approx(journal + 10_000 * KEPT + 1_000 * COMPACTED)
    assert daily == pytest.approx(30 * 10 * 0.0025)


def test_live_inventory_above_a_billion_objects() -> None:
    journal, inventory, _ = dollars(0, 10 * BILLION, 0)
    assert journal == 0
    assert inventory == pytest.approx(9_000 * 0.10 + 10 * MILLION * KEPT)


def test_versions_that_expire_are_records_of_the_journal() -> None:
    [own, *_] = dollars(MILLION, 0, 0.5)
    [attached, *_] = dollars(MILLION, 0, 0.5, Option.ATTACHED)
    assert own == pytest.approx(1.5 * attached)


def test_live_inventory_is_filled_once() -> None:
    work = Workload(0, 10 * MILLION, Rate.BURST, 0)
    assert [other.once for other in alternatives(work)] == pytest.approx([0, 3.00, 0])
