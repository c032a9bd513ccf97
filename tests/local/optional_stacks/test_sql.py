"""The SQL mirror on the local cloud: the stack Sql, MariaDB and the stand-in of the Data API."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from reinventure.aws import deployed_mirror as sql
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.deployed_mirror import DeployedMirror
from reinventure.contract import SQL
from reinventure.local import mariadb
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from s3_catalog.reconciliation.repair import reconcile
from s3_catalog.sql_mirror import schema
from s3_catalog.table.item import to_item
from tests.local.command import run
from tests.local.storm import storm
from tests.local.totals import expect_totals
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.mariadb

Objects = dict[str, tuple[object, ...]]

VERSION_1 = Path(__file__).parents[2] / "sql" / "version_1.sql"
"""A mirror of the first version of the schema, which had no buckets."""


@pytest.fixture
def mirror(session: boto3.Session) -> DeployedMirror:
    return sql.find(session, SQL)


def never() -> None:
    raise AssertionError("the database was not asleep")


def mirrored(mirror: DeployedMirror) -> Objects:
    answer = mirror.query("SELECT object_key, size, etag, version_id FROM objects", never)
    return {str(key): tuple(rest) for key, *rest in answer.rows}


def catalogued(catalog: DeployedCatalog) -> Objects:
    return {row.key: (row.size, row.etag, row.version_id) for row in catalog.rows(consistent=True)}


def settle(catalog: DeployedCatalog, mirror: DeployedMirror) -> None:
    """Return when the mirror has of every object what the catalog has."""
    assert wait_until_equal(catalog, PATIENCE) == []
    wait_until(
        lambda: mirrored(mirror) == catalogued(catalog),
        PATIENCE,
        lambda: set(mirrored(mirror).items()) ^ set(catalogued(catalog).items()),
    )


def first_change(catalog: DeployedCatalog, mirror: DeployedMirror) -> None:
    """Make a change, and return when it is mirrored. The tables exist before it."""
    mirrored(mirror)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="first", Body=b"")
    wait_until(lambda: "first" in mirrored(mirror), PATIENCE)


def test_a_query_creates_the_tables_of_an_empty_database(cloud: Cloud) -> None:
    with mariadb.administer(mariadb.socket_path(cloud.directory)) as root, root.cursor() as cursor:
        cursor.execute("DROP DATABASE catalog")
        cursor.execute("CREATE DATABASE catalog")
        cursor.execute("DROP USER reader@'%'")
    asked = run("sql", "SELECT * FROM objects", environment=cloud.environment)
    assert (asked.returncode, asked.stderr) == (0, "")
    # The view has no rows, or a row that was just mirrored.
    assert asked.stdout.startswith("object_key\tsize\t")
    done = run("sql-backfill", environment=cloud.environment)
    assert done.returncode == 0, done.stderr


def test_after_a_storm_the_mirror_equals_the_catalog(
    catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    storm(catalog, 60, seed=5)
    settle(catalog, mirror)
    assert len(mirrored(mirror)) > 10


def test_after_a_heal_the_next_event_counts_in_catalog_totals_and_mirror(
    cloud: Cloud, catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="forged/there", Body=b"1")
    settle(catalog, mirror)
    row = catalog.store().read(catalog.bucket, "forged/there")
    assert row
    # As versions wrote them that believed every sequencer.
    for key in ("forged/there", "forged/ghost"):
        forged = replace(row, key=key, sequencer="F" * 32, size=666, etag="forged")
        item = to_item(forged, catalog.outputs.shards)
        catalog.dynamodb.put_item(TableName=catalog.table, Item=item)
    wait_until(lambda: mirrored(mirror) == catalogued(catalog), PATIENCE)
    verified = run("verify", "forged/", environment=cloud.environment)
    assert (verified.returncode, verified.stdout.splitlines()[-1]) == (
        1,
        "2 IMPLAUSIBLE: 2 keys compared.",
    )
    for _ in reconcile(catalog.store(), catalog.stored(), prefix="forged/"):
        pass
    settle(catalog, mirror)
    assert run("verify", "forged/", environment=cloud.environment).returncode == 0
    for key in ("forged/there", "forged/ghost"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=b"next")
    settle(catalog, mirror)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="forged/there")
    settle(catalog, mirror)
    assert mirrored(mirror)["forged/ghost"][0] == 4
    assert expect_totals(catalog)


def test_the_command_prints_lines_or_json(
    cloud: Cloud, catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    for n in range(3):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"sql/{n} 🚀.log", Body=b"." * n * 100)
    settle(catalog, mirror)
    query = (
        "SELECT object_key, size, size / 3 AS third, version_id IS NULL AS bare, NULL AS nothing "
        "FROM objects WHERE key_bytes LIKE 'sql/%' ORDER BY size DESC"
    )
    asked = run("sql", query, "--json", environment=cloud.environment)
    assert asked.returncode == 0, asked.stderr
    first = json.loads(asked.stdout.splitlines()[0], parse_float=Decimal)
    assert first == {
        "object_key": "sql/2 🚀.log",
        "size": 200,
        "third": Decimal("66.6667"),
        "bare": 0,
        "nothing": None,
    }
    lines = run("sql", query, environment=cloud.environment).stdout.splitlines()
    assert lines[0] == "object_key\tsize\tthird\tbare\tnothing"
    assert lines[1] == "sql/2 🚀.log\t200\t66.6667\t0\tNULL"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("DELETE FROM states", "denied"),
        ("DROP VIEW objects", "denied"),
        ("SELEC 1", "SQL syntax"),
        ("SELECT 1; DELETE FROM states", "SQL syntax"),
        ("SELECT REPEAT('x', 60000) FROM states a, states b LIMIT 30", "LIMIT"),
    ],
)
def test_a_refused_or_invalid_query_is_one_line(
    cloud: Cloud, catalog: DeployedCatalog, mirror: DeployedMirror, query: str, reason: str
) -> None:
    first_change(catalog, mirror)
    for n in range(6):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"many/{n}", Body=b"")
    settle(catalog, mirror)
    before = mirrored(mirror)
    asked = run("sql", query, environment=cloud.environment)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert reason in asked.stderr
    assert asked.stderr.count("\n") == 1
    assert mirrored(mirror) == before


def test_a_backfill_mirrors_the_rows_from_before(
    cloud: Cloud, catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    # More than one batch of the backfill.
    for n in range(120):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"before/{n}", Body=b"x")
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="before/7")
    settle(catalog, mirror)
    path = mariadb.socket_path(cloud.directory)
    with mariadb.administer(path) as root, root.cursor() as cursor:
        cursor.execute("DELETE FROM catalog.states")
    assert mirrored(mirror) == {}
    done = run("sql-backfill", environment=cloud.environment)
    assert done.returncode == 0, done.stderr
    settle(catalog, mirror)
    gone = mirror.query("SELECT key_bytes FROM states WHERE size IS NULL", never).rows
    assert ["before/7"] in gone
    [[known]] = mirror.query("SELECT COUNT(*) FROM states", never).rows
    assert done.stdout == f"Mirrored {known} rows.\n"


def test_a_row_of_another_bucket_is_mirrored_beside_that_of_the_same_key(
    catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    settle(catalog, mirror)
    row = catalog.store().read(catalog.bucket, "first")
    assert row
    other = replace(row, bucket="photos-existing", size=77)
    item = to_item(other, catalog.outputs.shards)
    query = "SELECT bucket, size FROM objects WHERE key_bytes = 'first' ORDER BY size"

    def both() -> list[list[object]]:
        return [list(each) for each in mirror.query(query, never).rows]

    # As `ingest` writes the row of an attached bucket.
    catalog.dynamodb.put_item(TableName=catalog.table, Item=item)
    wait_until(lambda: both() == [[catalog.bucket, 0], [other.bucket, 77]], left=both)
    key = {name: item[name] for name in ("pk", "sk")}
    catalog.dynamodb.delete_item(TableName=catalog.table, Key=key)
    wait_until(lambda: both() == [[catalog.bucket, 0]], left=both)
    settle(catalog, mirror)


def test_a_mirror_of_the_first_version_gets_the_buckets_of_its_rows(
    cloud: Cloud, catalog: DeployedCatalog, mirror: DeployedMirror
) -> None:
    first_change(catalog, mirror)
    settle(catalog, mirror)
    with mariadb.administer(mariadb.socket_path(cloud.directory)) as root, root.cursor() as cursor:
        cursor.execute("DROP DATABASE catalog")
        cursor.execute("CREATE DATABASE catalog")
        cursor.execute("USE catalog")
        for statement in schema.statements(VERSION_1.read_text(encoding="utf-8")):
            cursor.execute(statement)
    assert "a" in mirrored(mirror)
    done = run("sql-backfill", environment=cloud.environment)
    assert done.returncode == 0, done.stderr
    query = "SELECT DISTINCT bucket FROM states"
    assert mirror.query(query, never).rows == [[catalog.bucket]]
    with mariadb.administer(mariadb.socket_path(cloud.directory)) as root, root.cursor() as cursor:
        # The catalog has none of these.
        cursor.execute("DELETE FROM catalog.states WHERE changed_at < '2026-11-20 10:06:00.001'")
    settle(catalog, mirror)
