"""The commands, for a catalog with a bucket of its own and attached ones."""

import json
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import EXIT_CHECK_FAILED
from s3_catalog.totals import recount
from s3_catalog.totals.tally import Tally
from tests.unit.cli.content import add_row, put_object

Run = Callable[..., Result]


@pytest.fixture
def catalogs(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> tuple[DeployedCatalog, DeployedCatalog, DeployedCatalog]:
    """The catalog with each of its buckets: its own, all of another, one with a prefix."""
    whole, part = f"whole-{uuid4()}", f"part-{uuid4()}"
    for bucket in (whole, part):
        catalog.s3.create_bucket(Bucket=bucket)
    outputs = replace(catalog.outputs, attached_buckets=f"{part}/in/,{whole}")
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    # No function counts meanwhile.
    monkeypatch.setattr(recount, "LAG", 0)
    many = DeployedCatalog(catalog.session, catalog.stack, outputs)
    return many.choose(catalog.bucket), many.choose(whole), many.choose(part)


Catalogs = tuple[DeployedCatalog, DeployedCatalog, DeployedCatalog]


def keys(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.split()[-1] for line in result.stdout.splitlines()]


def test_a_command_needs_the_bucket_if_there_are_several(catalogs: Catalogs, run: Run) -> None:
    for each in catalogs:
        put_object(each, "in/a")
    own, whole, part = catalogs
    for command in (["ls"], ["ls", "in/"], ["verify"], ["find"], ["stat", "in/a"]):
        refused = run(*command)
        assert refused.exit_code == 2
        assert f"name one of them: s3://{part.bucket}/, s3://{own.bucket}/" in refused.stderr
    for each in catalogs:
        assert keys(run("ls", f"s3://{each.bucket}/in/")) == ["in/a"]
        assert keys(run("find", f"s3://{each.bucket}")) == ["in/a"]
        assert run("stat", f"s3://{each.bucket}/in/a").exit_code == 0
        assert run("verify", f"s3://{each.bucket}/").stdout == "EQUAL: 1 keys compared.\n"
    refused = run("ls", "s3://photos-prod/")
    assert refused.exit_code == 2
    assert "s3://photos-prod is not in the catalog, which has" in refused.stderr
    assert whole.bucket in refused.stderr


def test_find_in_every_bucket_prints_urls(catalogs: Catalogs, run: Run) -> None:
    for each in catalogs:
        add_row(each, "in/a", size=9)
        add_row(each, "in/b", size=1)
    found = run("find", "--bucket", "*", "--larger", "1")
    assert sorted(keys(found)) == sorted(f"s3://{each.bucket}/in/a" for each in catalogs)
    assert found.stderr == "Read 6 rows to find 3. Only PREFIX reduces what is read.\n"
    own = catalogs[0].bucket
    assert keys(run("find", "--bucket", own)) == ["in/a", "in/b"]
    assert run("find", f"s3://{own}/", "--bucket", own).exit_code == 2


def test_du_has_a_line_for_each_bucket_and_their_sum(catalogs: Catalogs, run: Run) -> None:
    for n, each in enumerate(catalogs, 1):
        assert each.totals().correct(each.bucket, "", Tally(n, n * 1000), None)
    lines = [json.loads(line) for line in run("du", "--json").stdout.splitlines()]
    assert {line["folder"]: (line["objects"], line["bytes"]) for line in lines} == {
        **{f"s3://{each.bucket}/": (n, n * 1000) for n, each in enumerate(catalogs, 1)},
        "s3://": (6, 6000),
    }
    assert lines[-1]["folder"] == "s3://"
    own = catalogs[0].bucket
    assert json.loads(run("du", "--json", f"s3://{own}/").stdout)["objects"] == 1


def test_keys_outside_of_the_prefixes_are_not_in_the_catalog(catalogs: Catalogs, run: Run) -> None:
    own, _, part = catalogs
    for each in (own, part):
        put_object(each, "in/a")
        each.s3.put_object(Bucket=each.bucket, Key="out/a")
    url = f"s3://{part.bucket}/"
    assert run("verify", url).stdout == "EQUAL: 1 keys compared.\n"
    assert run("verify", f"s3://{own.bucket}/").exit_code == EXIT_CHECK_FAILED
    assert run("repair", url).stdout.startswith("Repaired 0 of 1 keys compared.\n")
    assert keys(run("ls", f"{url}out/")) == []


def test_repair_removes_rows_of_a_prefix_that_was_taken_away(catalogs: Catalogs, run: Run) -> None:
    own, _, part = catalogs
    put_object(part, "in/a")
    add_row(part, "out/a")
    gone = add_row(part, "out/gone", size=None, etag=None, expires_at=1)
    put_object(own, "out/a")
    assert keys(run("ls", f"s3://{part.bucket}/")) == ["in/a"]
    repaired = run("repair", f"s3://{part.bucket}/")
    assert repaired.stdout.startswith("Removed 1 rows of keys that are not in the catalog any")
    assert part.store().read(part.bucket, "out/a") is None
    assert part.store().read(part.bucket, "out/gone") == gone
    assert own.store().read(own.bucket, "out/a")
    assert "Removed" not in run("repair", f"s3://{part.bucket}/").stdout


def test_without_a_prefix_repair_works_on_every_bucket(catalogs: Catalogs, run: Run) -> None:
    for each in catalogs:
        put_object(each, "in/a")
        add_row(each, "in/ghost")
    repaired = run("repair")
    assert repaired.exit_code == 0, repaired.output
    assert repaired.stdout.count("Repaired 1 of 2 keys compared.\n") == 3
    for each in catalogs:
        assert run("verify", f"s3://{each.bucket}/").stdout == "EQUAL: 1 keys compared.\n"


def test_smoke_writes_to_the_bucket_of_its_own_only(
    catalogs: Catalogs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = replace(catalogs[0].outputs, bucket_name=None)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    refused = run("smoke", "--patience", "1")
    assert refused.exit_code == 2
    assert "nothing is written to attached ones" in refused.stderr
