"""The commands, for a catalog with a bucket of its own and attached ones."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import Result

from reinventure.aws import deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import maintenance
from reinventure.errors import EXIT_CHECK_FAILED, CheckFailedError, UserError
from reinventure.progress import Steps
from s3_catalog.exceptions import ContendedError
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.scope import Entry
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation import removal, repair
from s3_catalog.reconciliation.removal import Removed
from s3_catalog.totals import recount
from s3_catalog.totals.tally import Tally
from tests.unit.cli.content import add_row, put_object

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def progress_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.get_app_dir", lambda name: str(tmp_path / name))
    monkeypatch.setattr(maintenance, "SETTLING_SECONDS", 0)


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
    # The buckets are a level. Below the levels that have totals, the rows are read.
    for each in catalogs:
        add_row(each, "in/a/b/c/d", size=7)
    shown = run("du", "--json", "--depth", "6")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    below = ["", "in/", "in/a/", "in/a/b/", "in/a/b/c/"]
    places = [f"s3://{each.bucket}/{folder}" for each in catalogs for folder in below]
    assert {line["folder"]: line["bytes"] for line in lines} == {
        **dict.fromkeys(places, 7),
        "s3://": 21,
    }
    assert shown.stderr.startswith("Counting all rows ...\n")
    assert "Read 3 rows: only whole folders have totals" in shown.stderr
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
    for command in ("ls", "du", "find", "duplicates", "verify", "stat", "watch", "sql-backfill"):
        refused = run(command, f"{url}out/a")
        assert (refused.exit_code, refused.stdout, refused.stderr) == (
            2,
            "",
            f"reinventure: {url}out/a is not in the catalog, which has {url}in/ only\n",
        )
    for part_of in ("", "i", "in/"):
        assert keys(run("ls", f"{url}{part_of}")) == ["in/a"]


def test_repair_removes_rows_of_a_prefix_that_was_taken_away(catalogs: Catalogs, run: Run) -> None:
    own, _, part = catalogs
    put_object(part, "in/a")
    add_row(part, "out/a")
    gone = add_row(part, "out/gone", size=None, etag=None, expires_at=1)
    put_object(own, "out/a")
    assert keys(run("ls", f"s3://{part.bucket}/")) == ["in/a"]
    repaired = run("repair", f"s3://{part.bucket}/")
    assert repaired.stdout.startswith(
        f"Removed 1 rows of s3://{part.bucket}/ whose keys are not in the catalog any more.\n"
    )
    assert left(part) == ["in/a"]
    removed = part.store().read(part.bucket, "out/a")
    assert removed
    assert removed.event_name == "OutOfScope"
    assert part.store().read(part.bucket, "out/gone") == gone
    assert own.store().read(own.bucket, "out/a")
    assert "Removed" not in run("repair", f"s3://{part.bucket}/").stdout


@pytest.fixture
def detached(catalogs: Catalogs) -> DeployedCatalog:
    """The catalog with a bucket that left the scope: six rows, a tombstone, totals, objects.

    Its name begins with that of a bucket in the scope, which has the same keys.
    """
    name = f"{catalogs[1].bucket}-2"
    catalogs[1].s3.create_bucket(Bucket=name)
    old = catalogs[1].choose_left(name)
    for key in ("a/1", "a/2", "b/c/d/e", "x", "y", "z"):
        for each in (old, catalogs[1]):
            put_object(each, key)
    add_row(old, "gone", size=None, etag=None, expires_at=1)
    for each in (old, catalogs[1]):
        each.totals().register([each.bucket])
        each.totals().correct(each.bucket, "", Tally(3, 3), None)
        each.totals().correct(each.bucket, "a/", Tally(2, 2), None)
        each.totals().correct(each.bucket, "b/c/d/", Tally(1, 1), None)
    return old


def left(catalog: DeployedCatalog) -> list[str]:
    """The keys of the bucket of `catalog` that have the row of an object, in the scope or not."""
    return [row.key for row in catalog.all_rows()]


@pytest.mark.parametrize("named", [False, True])
def test_repair_removes_all_of_a_bucket_that_left_and_nothing_else(
    catalogs: Catalogs, detached: DeployedCatalog, run: Run, named: bool
) -> None:
    whole = catalogs[1]
    before = list(whole.rows())
    url = f"s3://{detached.bucket}/"
    verified = whole.last_verified()
    for each in (whole, detached):
        verified.record(each.bucket, utc_now())
    repaired = run("repair", url) if named else run("repair")
    assert repaired.exit_code == 0, repaired.output
    assert whole.bucket in verified.moments()
    assert detached.bucket not in verified.moments()
    removed = f"Removed 6 rows of {url} whose keys are not in the catalog any more.\n"
    assert removed in repaired.stdout
    if named:
        assert repaired.stdout == removed
    assert left(detached) == []
    assert not detached.totals().has(detached.bucket)
    assert detached.totals().own(detached.bucket, "") == {}
    assert list(whole.rows()) == before
    assert whole.totals().total(whole.bucket, "").objects == 6
    assert detached.stored().current("a/1")
    assert detached.left_buckets() == []
    again = run("repair")
    assert again.exit_code == 0
    assert "Removed" not in again.stdout
    refused = run("repair", url)
    assert refused.exit_code == 2
    assert f"s3://{detached.bucket} is not in the catalog, which has" in refused.stderr


@pytest.mark.parametrize("prefix", ["", "a/"])
def test_detaching_a_bucket_removes_all_of_it(
    detached: DeployedCatalog, catalogs: Catalogs, prefix: str
) -> None:
    with Steps() as steps:
        maintenance.remove_left(catalogs[0], Entry(detached.bucket, prefix), steps)
    assert left(detached) == []
    assert not detached.totals().has(detached.bucket)
    assert len(left(catalogs[1])) == 6


def test_detaching_a_prefix_removes_its_rows_and_keeps_those_of_the_others(
    catalogs: Catalogs, capsys: pytest.CaptureFixture[str]
) -> None:
    part = catalogs[2]
    for key in ("in/a", "out/a", "out/b", "out-2/a"):
        add_row(part, key)
    for folder, objects in (("in/", 1), ("out/", 2), ("out-2/", 1)):
        assert part.totals().correct(part.bucket, folder, Tally(objects, 7 * objects), None)
    with Steps() as steps:
        maintenance.remove_left(catalogs[0], Entry(part.bucket, "out/"), steps)
    assert left(part) == ["in/a", "out-2/a"]
    assert part.totals().total(part.bucket, "out/").objects == 0
    assert part.totals().total(part.bucket, "").objects == 2
    assert capsys.readouterr().out == (
        f"Removed 2 rows of s3://{part.bucket}/out/ whose keys are not in the catalog any more.\n"
    )


def test_a_prefix_that_is_attached_again_during_its_removal_keeps_its_totals(
    catalogs: Catalogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = catalogs[2]
    for key in ("out/a", "out/b"):
        add_row(part, key)
    assert part.totals().correct(part.bucket, "out/", Tally(2, 14), None)
    attached = f"{part.outputs.attached_buckets},{part.bucket}/out/"
    again = replace(part.outputs, attached_buckets=attached)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: again)
    with Steps() as steps:
        maintenance.remove_left(catalogs[0], Entry(part.bucket, "out/"), steps)
    assert left(part) == ["out/a", "out/b"]
    assert part.totals().total(part.bucket, "out/").objects == 2


def test_rows_that_another_command_writes_after_a_removal_are_reported(
    catalogs: Catalogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = catalogs[2]

    def and_again(*arguments: Any, **limits: Any) -> Iterator[Removed]:
        yield from removal.remove_out_of_scope(*arguments, **limits)
        add_row(part, "out/late")

    monkeypatch.setattr(maintenance, "remove_out_of_scope", and_again)
    with Steps() as steps, pytest.raises(CheckFailedError) as error:
        maintenance.remove_left(catalogs[0], Entry(part.bucket, "out/"), steps)
    assert str(error.value) == (
        f"s3://{part.bucket}/out/ still has rows, of a command that ran meanwhile: run "
        f"`reinventure repair s3://{part.bucket}/`"
    )


def test_a_repair_ends_when_its_bucket_is_detached(
    catalogs: Catalogs, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole, part = catalogs
    for key in ("in/a", "in/b", "in/c"):
        put_object(part, key)
        part.s3.put_object(Bucket=part.bucket, Key=key, Body=b"longer")
    detached = replace(part.outputs, attached_buckets=whole.bucket)
    found = iter([part.outputs, part.outputs])
    monkeypatch.setattr(deployed_stack, "find", lambda *_: next(found, detached))
    monkeypatch.setattr(repair, "STRIDE", 1)
    ended = run("repair", f"s3://{part.bucket}/in/")
    assert ended.exit_code == 2
    assert ended.stderr.splitlines()[-1] == (
        f"reinventure: s3://{part.bucket}/in/ was detached meanwhile, so this command ended. It "
        f"may have written rows after the removal: `reinventure repair s3://{part.bucket}/` "
        "removes them"
    )
    assert [row.key for row in part.all_rows() if row.size == len(b"longer")] == ["in/a", "in/b"]


def test_a_bucket_in_the_scope_is_not_removed(catalogs: Catalogs) -> None:
    with pytest.raises(UserError, match="is in the catalog: detach it first"):
        catalogs[0].choose_left(catalogs[1].bucket)


def test_repair_finds_rows_that_have_no_totals_by_the_name_of_their_bucket(
    catalogs: Catalogs, run: Run
) -> None:
    old = catalogs[0].choose_left("old-bucket")
    add_row(old, "a")
    assert "Removed" not in run("repair").stdout
    assert "Removed 1 rows of s3://old-bucket/" in run("repair", "s3://old-bucket").stdout
    assert left(old) == []


def test_a_part_of_a_bucket_that_left_cannot_be_repaired(
    detached: DeployedCatalog, run: Run
) -> None:
    refused = run("repair", f"s3://{detached.bucket}/a/")
    assert refused.exit_code == 2
    assert "is not in the catalog any more: `reinventure repair s3://" in refused.stderr
    assert len(left(detached)) == 6


def test_a_removal_that_stops_continues_where_it_stopped(
    detached: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    afters: list[str] = []
    real = removal.remove_out_of_scope

    def stopping(*arguments: Any, after: str, **limits: Any) -> Iterator[Removed]:
        afters.append(after)
        for each in real(*arguments, after=after, **limits):
            yield each
            if len(afters) == 1:
                raise ContendedError("the row changed")

    monkeypatch.setattr(removal, "STRIDE", 2)
    monkeypatch.setattr(maintenance, "remove_out_of_scope", stopping)
    url = f"s3://{detached.bucket}/"
    assert run("repair", url).exit_code == 2
    assert left(detached) == ["b/c/d/e", "x", "y", "z"]
    # As if the bucket had been attached again for a while, elsewhere: rows behind the progress.
    add_row(detached, "a/0")
    stopped = run("repair", url)
    assert stopped.stdout.startswith(f"Continuing the removal of rows of {url} where it stopped.\n")
    assert stopped.exit_code == EXIT_CHECK_FAILED
    assert "still has rows, or changes that are being counted" in stopped.stderr
    assert left(detached) == ["a/0"]
    done = run("repair", url)
    assert done.exit_code == 0, done.output
    assert "Removed 1 rows" in done.stdout
    assert afters == ["", "a/2", ""]
    assert left(detached) == []
    assert not detached.totals().has(detached.bucket)


def test_a_bucket_that_is_attached_again_during_its_removal_keeps_its_rows(
    catalogs: Catalogs, detached: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = catalogs[0].outputs
    attached = replace(outputs, attached_buckets=f"{outputs.attached_buckets},{detached.bucket}")
    found = iter([outputs, outputs])
    monkeypatch.setattr(deployed_stack, "find", lambda *_: next(found, attached))
    stopped = run("repair", f"s3://{detached.bucket}/")
    assert stopped.exit_code == EXIT_CHECK_FAILED
    assert len(left(detached)) == 6
    assert detached.totals().total(detached.bucket, "").objects == 6


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


def test_a_bucket_that_is_gone_is_an_error_after_the_others_are_done(
    catalogs: Catalogs, run: Run
) -> None:
    gone, *others = sorted(catalogs, key=lambda each: each.bucket)
    for each in others:
        put_object(each, "in/a")
        each.s3.put_object(Bucket=each.bucket, Key="in/a", Body=b"longer")
    gone.s3.delete_bucket(Bucket=gone.bucket)
    left_bucket = f"left-{uuid4()}"
    add_row(gone.choose_left(left_bucket), "a")
    gone.totals().register([left_bucket])
    assert gone.totals().correct(left_bucket, "", Tally(1, 4), None)
    for command in ("repair", "verify"):
        ended = run(command)
        assert ended.exit_code == 2
        error = ended.stderr.splitlines()[-1]
        assert error.startswith(
            f"reinventure: 1 of 3 buckets failed. s3://{gone.bucket}/: ListObjectVersions: "
            "NoSuchBucket: "
        )
    assert ended.stdout.splitlines() == [
        f"s3://{each.bucket}/: EQUAL: 1 keys compared." for each in others
    ]
    assert not gone.has_left(left_bucket), "repair has removed it all the same"
    one = run("verify", f"s3://{gone.bucket}/")
    assert one.stderr.splitlines()[-1].startswith("reinventure: ListObjectVersions: NoSuchBucket")


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
