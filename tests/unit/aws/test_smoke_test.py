"""The smoke test, on moto's bucket and table; rows come when the clock of the test says so."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from reinventure.aws import smoke_test
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.smoke_test import smoke
from reinventure.errors import LateError
from s3_catalog.correction import correct
from s3_catalog.model.row import Row
from s3_catalog.table.store import Store


def objects(catalog: DeployedCatalog) -> list[Any]:
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket)
    return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]


def ingest_at(
    times: list[float], catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], float]:
    """Give the smoke test a clock that moves as it waits; rows are written at each of `times`.

    Returns a function that returns the seconds since then.
    """
    now = 100.0
    due = [now + each for each in times]

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if due and now >= due[0]:
            due.pop(0)
            for each in objects(catalog):
                correct(catalog.store(), catalog.stored(), each["Key"])

    clock = SimpleNamespace(monotonic=lambda: now, sleep=sleep)
    monkeypatch.setattr(smoke_test, "time", clock)
    return lambda: now - 100


def test_it_measures_row_and_tombstone_and_leaves_nothing(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_at([2, 5], catalog, monkeypatch)
    seen = smoke(catalog, 60)
    assert seen.key.startswith(".reinventure/smoke/")
    assert seen.row_seconds == pytest.approx(2, abs=0.2)
    assert seen.tombstone_seconds == pytest.approx(3, abs=0.2)
    assert objects(catalog) == []


@pytest.mark.parametrize(("times", "missing"), [([], "row"), ([1], "tombstone")])
def test_a_late_row_is_an_error_and_leaves_nothing(
    catalog: DeployedCatalog,
    monkeypatch: pytest.MonkeyPatch,
    times: list[float],
    missing: str,
) -> None:
    seconds = ingest_at(times, catalog, monkeypatch)
    with pytest.raises(LateError, match=rf"^no {missing} of .* after 9 s, but .*catalogued$"):
        smoke(catalog, 9)
    assert seconds() == pytest.approx(9 + sum(times), abs=0.4)
    assert objects(catalog) == []


def test_a_row_without_the_version_is_that_of_the_object(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Store.read

    def read_without_version(store: Store, bucket: str, key: str) -> Row | None:
        row = read(store, bucket, key)
        return row and replace(row, version_id=None)

    monkeypatch.setattr(Store, "read", read_without_version)
    ingest_at([2, 5], catalog, monkeypatch)
    assert smoke(catalog, 9).row_seconds == pytest.approx(2, abs=0.2)
