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
from s3_catalog.model.inspection_result import InspectionResult
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
    for command in (
        ["ls"],
        ["ls", "in/"],
        ["du", "in/"],
        ["verify", "in/"],
        ["repair", "in/"],
        ["find"],
        ["duplicates"],
        ["stat", "in/a"],
    ):
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


def test_a_bucket_that_the_catalog_does_not_have_is_one_line(catalogs: Catalogs, run: Run) -> None:
    for command in ("find", "duplicates", "inspect"):
        refused = run(command, "--bucket", "photos-prod")
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "s3://photos-prod is not in the catalog, which has s3://" in refused.stderr
        invalid = run(command, "--bucket", "logs-*")
        assert (invalid.exit_code, invalid.stdout) == (2, "")
        assert "invalid bucket 'logs-*'" in invalid.stderr
        twice = run(command, "s3://photos-prod/", "--bucket", "*")
        assert twice.stderr.endswith("--bucket with s3://: the URL has the bucket already\n")


def test_an_error_names_at_most_ten_buckets(
    catalogs: Catalogs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ",".join(f"logs-{n:02}" for n in range(12))
    outputs = replace(catalogs[0].outputs, bucket_name=None, attached_buckets=names)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    refused = run("ls")
    assert refused.exit_code == 2
    assert refused.stderr.endswith("s3://logs-09/ and 2 more (`reinventure buckets`)\n")
    assert "logs-10" not in refused.stderr


def test_duplicates_in_every_bucket_are_urls(catalogs: Catalogs, run: Run) -> None:
    own, whole, part = catalogs
    same, other = (InspectionResult("2026-11-23T12:00:01.000Z", each * 32) for each in ("00", "11"))
    add_row(own, "in/a", inspected=same)
    add_row(own, "in/b", inspected=other)
    add_row(whole, "in/a", inspected=same)
    add_row(part, "in/a", inspected=same)
    add_row(part, "in/none")
    found = run("duplicates", "--bucket", "*", "--json")
    urls = sorted(f"s3://{each.bucket}/in/a" for each in catalogs)
    assert [json.loads(line)["keys"] for line in found.stdout.splitlines()] == [urls]
    assert "Read 5 rows: 1 contents" in found.stderr
    for n, each in enumerate(sorted(each.bucket for each in catalogs), 1):
        assert f"Reading the catalog of s3://{each}/ (bucket {n} of 3) ..." in found.stderr
    shown = run("duplicates", "in/", "--bucket", "*").stdout.splitlines()
    assert [line.strip() for line in shown[1:]] == urls
    add_row(own, "in/c", inspected=other)
    one = run("duplicates", "--bucket", own.bucket, "--json").stdout
    assert json.loads(one)["keys"] == ["in/b", "in/c"]


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
    names = sorted(each.bucket for each in catalogs)
    for n, name in enumerate(names, 1):
        assert f"s3://{name}/: Repaired 1 of 2 keys compared.\n" in repaired.stdout
        for step in (f"Reconciling s3://{name}/", f"Comparing the totals of s3://{name}/ with the"):
            [line] = [line for line in repaired.stderr.splitlines() if line.startswith(step)]
            assert line.endswith(f" (bucket {n} of 3) ...")
    for each in catalogs:
        assert run("verify", f"s3://{each.bucket}/").stdout == "EQUAL: 1 keys compared.\n"


def test_verify_compares_every_bucket_and_has_their_sum(catalogs: Catalogs, run: Run) -> None:
    own, whole, part = catalogs
    for each in catalogs:
        put_object(each, "in/a")
    equal = run("verify")
    names = sorted(each.bucket for each in catalogs)
    assert (equal.exit_code, equal.stdout.splitlines()) == (
        0,
        [
            *(f"s3://{name}/: EQUAL: 1 keys compared." for name in names),
            "EQUAL: 3 keys compared in 3 buckets.",
        ],
    )
    assert f"Comparing s3://{names[1]}/ with its catalog (bucket 2 of 3) ..." in equal.stderr
    moments = own.last_verified().moments()
    assert sorted(moments) == names

    add_row(own, "in/ghost")
    add_row(whole, "in/ghost", sequencer="F" * 32)
    add_row(part, "out/ghost")
    differ = run("verify")
    lines = differ.stdout.splitlines()
    assert differ.exit_code == EXIT_CHECK_FAILED
    assert lines[-1] == "1 DIFFER, 1 IMPLAUSIBLE: 5 keys compared in 3 buckets."
    assert f"s3://{own.bucket}/: 1 DIFFER: 2 keys compared." in lines
    assert f"s3://{whole.bucket}/: 1 IMPLAUSIBLE: 2 keys compared." in lines
    assert f"s3://{part.bucket}/: EQUAL: 1 keys compared." in lines
    assert f"ghost       s3://{own.bucket}/in/ghost  (bucket: nothing;" in differ.stdout
    later = own.last_verified().moments()
    assert later[part.bucket] > moments.pop(part.bucket)
    assert moments.items() < later.items()

    found = list(map(json.loads, run("verify", "--json").stdout.splitlines()))
    assert {(each["bucket_name"], each["key"]) for each in found} == {
        (own.bucket, "in/ghost"),
        (whole.bucket, "in/ghost"),
    }


def test_smoke_writes_to_the_bucket_of_its_own_only(
    catalogs: Catalogs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = replace(catalogs[0].outputs, bucket_name=None)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    refused = run("smoke", "--patience", "1")
    assert refused.exit_code == 2
    assert "nothing is written to attached ones" in refused.stderr
