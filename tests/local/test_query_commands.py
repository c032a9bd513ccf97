"""Commands that query the catalog, and their output."""

import json

import boto3

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.waiting import PATIENCE, wait_until


def test_find_filters_and_reports_the_rows_it_read(cloud: Cloud, catalog: DeployedCatalog) -> None:
    for n in range(8):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"query/{n}.log", Body=b"." * n * 1000)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="query/9.txt", Body=b"." * 9000)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="query/7.log")
    assert wait_until_equal(catalog, PATIENCE) == []

    def find(*options: str) -> tuple[list[str], str]:
        found = run("find", "query/", *options, environment=cloud.environment)
        assert found.returncode == 0, found.stderr
        return found.stdout.splitlines(), found.stderr

    lines, said = find("--suffix", ".log", "--larger", "4k", "--newer", "1h")
    assert [line.split()[-2:] for line in lines] == [
        ["5000", "query/5.log"],
        ["6000", "query/6.log"],
    ]
    assert said == "Read 9 rows to find 2. Only PREFIX reduces what is read.\n"
    assert find("--older", "1h")[0] == []
    assert [line.split()[-1] for line in find("--limit", "2")[0]] == ["query/0.log", "query/1.log"]

    [line] = find("--deleted")[0]
    assert line.split()[-2:] == ["deleted", "query/7.log"]
    [line] = find("--deleted", "--json")[0]
    gone = json.loads(line)
    assert (gone["key"], gone["deleted"], gone["size"]) == ("query/7.log", True, None)


def test_stat_shows_the_versions_of_one_key(cloud: Cloud, catalog: DeployedCatalog) -> None:
    key = "stat/a\nb"
    for body in (b"1", b"22"):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=key, Body=body)
    catalog.s3.put_object(Bucket=catalog.bucket, Key=key + "c", Body=b"another")
    assert wait_until_equal(catalog, PATIENCE) == []

    shown = run("stat", key, environment=cloud.environment)
    assert shown.returncode == 0, shown.stderr
    names = dict(line.split(maxsplit=1) for line in shown.stdout.split("\n\n")[0].splitlines())
    assert names["key"] == "stat/a\\nb"
    assert names["size"] == "2 bytes"
    assert names["source"] == "the event itself"
    assert shown.stdout.endswith("Catalog and bucket agree about this key.\n")

    catalog.s3.delete_object(Bucket=catalog.bucket, Key=key)
    assert wait_until_equal(catalog, PATIENCE) == []
    gone = json.loads(run("stat", key, "--json", environment=cloud.environment).stdout)
    assert (gone["row"]["deleted"], gone["row"]["size"], gone["agree"]) == (True, None, True)
    assert gone["row"]["remembered_until"] > gone["row"]["event_time"]
    assert gone["row"]["version_id"] == gone["versions"][0]["version_id"]
    assert [(v["size"], v["delete_marker"], v["current"]) for v in gone["versions"]] == [
        (None, True, True),
        (2, False, False),
        (1, False, False),
    ]
    assert "deleted" in run("stat", key, environment=cloud.environment).stdout


def test_stat_reports_a_difference_of_catalog_and_bucket(
    cloud: Cloud, catalog: DeployedCatalog
) -> None:
    catalog.s3.put_object(Bucket=catalog.bucket, Key="stat/lost", Body=b"x")
    assert wait_until_equal(catalog, PATIENCE) == []
    state = catalog.key_state("stat/lost")
    place = {"pk": {"S": state.partition}, "sk": {"S": state.key}}
    catalog.dynamodb.delete_item(TableName=catalog.table, Key=place)

    shown = run("stat", "stat/lost", environment=cloud.environment)
    assert shown.returncode == 1
    assert shown.stdout.endswith("Catalog and bucket DIFFER about this key.\n")
    assert run("repair", "stat/", environment=cloud.environment).returncode == 0
    assert "lookup in S3 at " in run("stat", "stat/lost", environment=cloud.environment).stdout


def test_an_unknown_key_is_one_line(cloud: Cloud) -> None:
    shown = run("stat", "stat/never", environment=cloud.environment)
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith(
        "reinventure: 'stat/never' is neither in the catalog nor in s3://"
    )
    assert shown.stderr.count("\n") == 1


def test_inspect_without_the_stack_workers_is_one_line(cloud: Cloud) -> None:
    asked = run("inspect", "--workers-stack", "Nowhere", environment=cloud.environment)
    assert asked.returncode == 2
    assert asked.stderr.startswith("reinventure: no stack 'Nowhere' in region us-east-1: content")
    assert "make up WORKERS=1" in asked.stderr
    assert asked.stderr.count("\n") == 1


def test_requester_and_storage_class_are_found_and_shown(
    cloud: Cloud, catalog: DeployedCatalog, shared_session: boto3.Session
) -> None:
    caller = shared_session.client("sts").get_caller_identity()["UserId"]
    for key in ("stored/archived", "stored/gone"):
        catalog.s3.put_object(
            Bucket=catalog.bucket, Key=key, Body=b"1", StorageClass="DEEP_ARCHIVE"
        )
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="stored/gone")
    assert wait_until_equal(catalog, PATIENCE) == []

    def find(*options: str) -> list[str]:
        found = run("find", "stored/", *options, environment=cloud.environment)
        assert found.returncode == 0, found.stderr
        return [line.split()[-1] for line in found.stdout.splitlines()]

    assert find("--by", caller) == ["stored/archived"]
    assert find("--deleted", "--by", caller) == ["stored/gone"]
    assert find("--by", "nobody") == []
    # No event of an upload has its storage class. That of a restore is looked up.
    assert find("--class", "DEEP_ARCHIVE") == []
    catalog.s3.restore_object(
        Bucket=catalog.bucket,
        Key="stored/archived",
        RestoreRequest={"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}},
    )
    wait_until(lambda: find("--class", "DEEP_ARCHIVE") == ["stored/archived"])
    shown = run("stat", "stored/archived", environment=cloud.environment).stdout
    lines = dict(line.split(maxsplit=1) for line in shown.split("\n\n")[0].splitlines())
    assert lines["changed"].endswith(" by ObjectRestore:Post")
    assert (lines["class"], lines["requester"]) == ("DEEP_ARCHIVE", caller)
