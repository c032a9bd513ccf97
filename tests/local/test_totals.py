"""Totals, as the deployed function counts them."""

import time

from catalog.totals import Total, count
from reinventure.deployed import DeployedCatalog
from tests.local.storm import storm

PATIENCE = 60


def test_after_a_storm_every_total_is_what_the_rows_add_up_to(catalog: DeployedCatalog) -> None:
    for key in ("du/a/b/c/d", "du/a/b/2", "du//3", "/4"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=key.encode())
    storm(catalog, 200, seed=7)
    assert catalog.settle(PATIENCE) == []
    counted = count(catalog.rows(consistent=True), catalog.totals_depth)
    expected = {
        Total(folder, delta.all.objects, delta.all.bytes) for folder, delta in counted.items()
    }

    def found() -> set[Total]:
        totals = catalog.totals()
        below = totals.below(catalog.bucket, "", catalog.totals_depth)
        return {totals.total(catalog.bucket, ""), *below}

    deadline = time.monotonic() + PATIENCE
    while found() != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found() == expected
