"""What an operator does after a failure, and the proof that everything is right again."""

import json
from itertools import count
from typing import TYPE_CHECKING

from reinventure.aws import deployed_mirror
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.contract import SQL
from reinventure.errors import NoStackError
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import differences
from tests.local.command import run
from tests.local.leftovers import wait_until_handled
from tests.local.totals import expect_totals
from tests.waiting import wait_until

if TYPE_CHECKING:
    from reinventure.aws.deployed_mirror import DeployedMirror

PAGE = 2000
"""Rows of the mirror in a query: the Data API's results have at most 1 MiB."""


def dead_letters(cloud: Cloud) -> int:
    """Return the number of messages in the dead-letter queues."""
    listed = run("failed", "--json", environment=cloud.environment)
    assert listed.returncode == 0, listed.stderr
    return len([json.loads(line) for line in listed.stdout.splitlines()])


def redrive(cloud: Cloud) -> int:
    """Redrive all that failed, and return how many messages did not fail again."""
    if not (waiting := dead_letters(cloud)):
        return 0
    run("redrive", "--all", "--yes", environment=cloud.environment)
    return max(waiting - dead_letters(cloud), 0)


def redrive_until_equal(catalog: DeployedCatalog, cloud: Cloud) -> int:
    """Redrive what fails until bucket and catalog are equal; return how many messages."""
    redriven = 0

    def equal() -> bool:
        nonlocal redriven
        # What fails again is redriven in the next turn.
        redriven += redrive(cloud)
        return not differences(catalog)

    wait_until(equal, left=lambda: differences(catalog))
    return redriven


def expect_all_right(catalog: DeployedCatalog, cloud: Cloud) -> None:
    """Expect that nothing failed for good, and that rows, totals and mirror are the bucket's."""
    wait_until_handled(catalog)
    verified = run("verify", environment=cloud.environment)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.startswith("EQUAL")
    expect_totals(catalog)
    wait_until(lambda: dead_letters(cloud) == 0, left=lambda: dead_letters(cloud))
    try:
        mirror = deployed_mirror.find(catalog.session, SQL)
    except NoStackError:
        return
    wait_until(lambda: _mirrored(mirror, catalog) == _catalogued(catalog))


def _catalogued(catalog: DeployedCatalog) -> set[tuple[object, ...]]:
    return {(r.key, r.size, r.etag, r.version_id) for r in catalog.rows(consistent=True)}


def _mirrored(mirror: "DeployedMirror", catalog: DeployedCatalog) -> set[tuple[object, ...]]:
    found = set[tuple[object, ...]]()
    for offset in count(0, PAGE):
        # The name of a bucket has neither quotes nor backslashes.
        query = (
            "SELECT object_key, size, etag, version_id FROM objects "  # noqa: S608
            f"WHERE bucket = '{catalog.bucket}' ORDER BY key_bytes LIMIT {PAGE} OFFSET {offset}"
        )
        page = mirror.query(query, lambda: None).rows
        found.update(map(tuple, page))
        if len(page) < PAGE:
            break
    return found
