"""Totals, as the deployed function counts them and the command shows them."""

import json
import time

import pytest

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from s3_catalog.totals.recount import recount
from s3_catalog.totals.tally import Tally, Total
from tests.local.command import run
from tests.local.storm import storm
from tests.local.totals import expect_totals
from tests.waiting import PATIENCE

WINDOW = 1
"""Seconds: the setting totals_window of the local cloud."""

KEYS = ("du/a/b/c/d/e", "du/a/b/c/2", "du/a/b/2", "du/2", "du//3", "/4", "dust/5", "du/Zürich 🚀/6")


@pytest.fixture(scope="module")
def stormed() -> set[str]:
    """The buckets that have had their storm."""
    return set()


@pytest.fixture
def filled(catalog: DeployedCatalog, stormed: set[str]) -> DeployedCatalog:
    """The catalog of a bucket with some folders, after a storm."""
    if catalog.bucket not in stormed:
        for key in KEYS:
            catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=key.encode())
        storm(catalog, 200, seed=7)
        stormed.add(catalog.bucket)
    assert wait_until_equal(catalog, PATIENCE) == []
    return catalog


def test_after_a_storm_du_is_what_s3_lists(filled: DeployedCatalog, cloud: Cloud) -> None:
    def du(*arguments: str) -> tuple[list[Total], str]:
        shown = run("du", *arguments, "--json", environment=cloud.environment)
        assert shown.returncode == 0, shown.stderr
        lines = [json.loads(line) for line in shown.stdout.splitlines()]
        return [
            Total(each["folder"], each["objects"], each["bytes"]) for each in lines
        ], shown.stderr

    whole = Total("", 0, 0)
    totals = expect_totals(filled)
    for total in (
        each for each in totals if each.folder.startswith(("du", "storm")) or not each.folder
    ):
        found, said = du(total.folder, "--depth", "0")
        assert found == [total]
        assert said.startswith("Counted up to ")
        whole = total if total.folder == "" else whole
    assert du()[0][-1] == whole

    # Totals of whole folders, three levels deep, are kept; everything else is read, and said so.
    folders, said = du("du/", "--depth", "2")
    assert [total.folder for total in folders] == [
        *("du//", "du/Zürich 🚀/", "du/a/", "du/a/b/"),
        "du/",
    ]
    assert said.startswith("Counted up to ")
    for prefix, objects in [("du", 8 - 1), ("du/a/b/c/", 2), ("du/a/b/c/d/", 1), ("nothing/", 0)]:
        found, said = du(prefix, "--depth", "1")
        size = sum(len(key.encode()) for key in KEYS if key.startswith(prefix))
        assert found[-1] == Total(prefix, objects, size)
        assert ("Read" in said) == (prefix != "nothing/")
    assert [total.folder for total in du("du/a/b/c/")[0]] == ["du/a/b/c/d/", "du/a/b/c/"]


def test_du_prints_a_table_too(filled: DeployedCatalog, cloud: Cloud) -> None:
    filled.s3.put_object(Bucket=filled.bucket, Key="people/a/1", Body=bytes(1_500_000))
    filled.s3.put_object(Bucket=filled.bucket, Key="people/2\n", Body=b"x")
    assert wait_until_equal(filled, PATIENCE) == []
    expect_totals(filled)
    shown = run("du", "people/", environment=cloud.environment)
    assert [line.rsplit(maxsplit=4) for line in shown.stdout.splitlines()] == [
        ["1.5", "MB", "1", "people/a/"],
        ["1.5", "MB", "2", "people/"],
    ]


def test_a_recount_corrects_lost_counts(filled: DeployedCatalog) -> None:
    expect_totals(filled)
    totals, rows = filled.totals(), lambda: filled.rows(consistent=True)
    before = recount(totals, filled.bucket, rows, no_pause, window=WINDOW)
    assert (before.corrected, before.restless) == (0, [])

    # As if changes of two folders had never been counted.
    for folder in ("du/a/b/", "du//"):
        guard = totals.own(filled.bucket, folder)[folder].guard
        assert totals.correct(filled.bucket, folder, Tally(-1, -1), guard)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(1)

    after = recount(totals, filled.bucket, rows, pause, window=WINDOW)
    assert (after.corrected, after.restless) == (2, [])
    assert waited
    assert recount(totals, filled.bucket, rows, no_pause, window=WINDOW).corrected == 0
    expect_totals(filled)


def no_pause(seconds: float) -> None:
    pytest.fail("it found a difference")
