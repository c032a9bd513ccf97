"""The commands that query the catalog: ls, du, find, stat."""

import hashlib
import json
import re
from collections.abc import Callable

import pytest
from typer.testing import Result

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli.row_output import row_line
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.totals.tally import Tally, Total
from tests.unit.cli.content import add_row, put_object

Run = Callable[..., Result]


def keys(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.split()[-1] for line in result.stdout.splitlines()]


def test_ls_lists_the_rows_under_the_prefix_in_key_order(
    catalog: DeployedCatalog, run: Run
) -> None:
    for key in ("b", "a/2", "a/1", "a", "a/1/ü"):
        add_row(catalog, key)
    add_row(catalog, "a/0", size=None, etag=None, expires_at=1)
    assert keys(run("ls")) == ["a", "a/1", "a/1/ü", "a/2", "b"]
    assert keys(run("ls", "a/")) == ["a/1", "a/1/ü", "a/2"]
    assert run("ls", "c").stdout == ""


def test_the_lines_of_ls_are_those_of_the_rows(catalog: DeployedCatalog, run: Run) -> None:
    for number in range(120):
        add_row(
            catalog,
            f"{number % 7}/{number}\x1b\u200b é🚀",
            size=10**number if number < 18 else number,
            event_time=f"2026-11-{number % 30 + 1:02}T23:59:59.999Z",
        )
    add_row(catalog, "3/gone", size=None, etag=None, expires_at=1)
    for prefix in ("", "3/", "8/"):
        lines = [f"{row_line(row)}\n" for row in catalog.rows(prefix)]
        assert run("ls", prefix).stdout == "".join(lines)


def test_ls_escapes_control_characters_for_a_person_only(
    catalog: DeployedCatalog, run: Run
) -> None:
    add_row(catalog, "a\n\x1b[2Jb")
    assert run("ls").stdout.endswith(" a\\n\\x1b[2Jb\n")
    assert json.loads(run("ls", "--json").stdout)["key"] == "a\n\x1b[2Jb"


@pytest.mark.parametrize("option", ["--stack", "--region", "--profile"])
def test_every_query_has_the_options_of_the_deployment(run: Run, option: str) -> None:
    for command in ("ls", "du", "find", "stat"):
        assert option in run(command, "--help").stdout


def test_find_selects_by_the_end_of_the_key(catalog: DeployedCatalog, run: Run) -> None:
    for key in ("a.log", "a.log.gz", "log", ".log/b", "b.LOG", "c/.log"):
        add_row(catalog, key)
    assert keys(run("find", "--suffix", ".log")) == ["a.log", "c/.log"]
    assert keys(run("find", "--suffix", "")) == [
        ".log/b",
        "a.log",
        "a.log.gz",
        "b.LOG",
        "c/.log",
        "log",
    ]


def test_find_selects_by_size(catalog: DeployedCatalog, run: Run) -> None:
    for size in (0, 1499, 1500, 1501):
        add_row(catalog, f"{size}", size=size)
    assert keys(run("find", "--larger", "1.5k")) == ["1501"]
    assert keys(run("find", "--smaller", "1.5k")) == ["0", "1499"]
    assert keys(run("find", "--larger", "0", "--smaller", "1500")) == ["1499"]


def test_find_selects_by_time(catalog: DeployedCatalog, run: Run) -> None:
    add_row(catalog, "before", event_time="2026-01-30T23:59:59.999Z")
    add_row(catalog, "at", event_time="2026-01-31T00:00:00.000Z")
    assert keys(run("find", "--newer", "2026-01-31")) == ["at"]
    assert keys(run("find", "--older", "2026-01-31")) == ["before"]


def test_find_selects_by_the_results_of_content_inspection(
    catalog: DeployedCatalog, run: Run
) -> None:
    at = "2026-11-23T12:00:01.000Z"
    digest = hashlib.sha256(b"x").hexdigest()
    add_row(catalog, "image", inspected=InspectionResult(at, "00" * 32, "image/png", width=640))
    add_row(catalog, "table", inspected=InspectionResult(at, digest, "text/csv", rows=20))
    add_row(catalog, "unknown")
    assert keys(run("find", "--type", "image/*")) == ["image"]
    assert keys(run("find", "--type", "Image/*")) == ["image"]
    assert keys(run("find", "--type", "image/pn")) == []
    assert keys(run("find", "--sha256", digest.upper())) == ["table"]
    assert keys(run("find", "--wider", "639")) == ["image"]
    assert keys(run("find", "--wider", "640")) == []
    assert keys(run("find", "--rows-over", "19")) == ["table"]
    assert keys(run("find", "--rows-over", "20")) == []


def test_find_selects_by_storage_class(catalog: DeployedCatalog, run: Run) -> None:
    add_row(catalog, "archived", storage_class="GLACIER")
    add_row(catalog, "usual")
    assert keys(run("find", "--class", "glacier")) == ["archived"]
    assert keys(run("find", "--class", "STANDARD")) == ["usual"]
    assert keys(run("find", "--class", "GLACIER_IR")) == []
    assert run("find", "--class", "cold!").exit_code == 2
    assert run("find", "--deleted", "--class", "GLACIER").exit_code == 2


def test_find_selects_by_requester(catalog: DeployedCatalog, run: Run) -> None:
    add_row(catalog, "ann", requester="AROAEXAMPLE:ann")
    add_row(catalog, "anna", requester="AROAEXAMPLE:anna")
    add_row(catalog, "account", requester="123456789012")
    add_row(catalog, "unknown")
    add_row(catalog, "gone", requester="AROAEXAMPLE:ann", size=None, etag=None, expires_at=1)
    for ann in ("ann", "AROAEXAMPLE:ann", "AWS:AROAEXAMPLE:ann"):
        assert keys(run("find", "--by", ann)) == ["ann"]
    assert keys(run("find", "--by", "AROAEXAMPLE")) == ["ann", "anna"]
    assert keys(run("find", "--by", "123456789012")) == ["account"]
    assert keys(run("find", "--by", "12345")) == []
    assert keys(run("find", "--deleted", "--by", "ann")) == ["gone"]
    assert run("find", "--by", "").exit_code == 2


def test_find_deleted_lists_tombstones_only(catalog: DeployedCatalog, run: Run) -> None:
    add_row(catalog, "here")
    add_row(catalog, "gone", size=None, etag=None, expires_at=1)
    [line] = run("find", "--deleted").stdout.splitlines()
    assert line.split()[-2:] == ["deleted", "gone"]
    assert json.loads(run("find", "--deleted", "--json").stdout)["deleted"] is True


def test_find_stops_at_the_limit(catalog: DeployedCatalog, run: Run) -> None:
    for n in range(9):
        add_row(catalog, f"{n}")
    assert keys(run("find", "--limit", "2")) == ["0", "1"]


def test_find_prints_the_number_of_rows_it_read(catalog: DeployedCatalog, run: Run) -> None:
    for n in range(3):
        add_row(catalog, f"{n}", size=n)
    assert run("find").stderr == "Read 3 rows to find 3.\n"
    assert run("find", "--larger", "1").stderr == (
        "Read 3 rows to find 1. Only PREFIX reduces what is read.\n"
    )
    assert run("find", "1").stderr == "Read 1 rows to find 1.\n"


def test_du_reads_the_totals_of_whole_folders(catalog: DeployedCatalog, run: Run) -> None:
    for folder, objects, size in [("", 1, 10), ("a/", 2, 200), ("a/b/", 3, 3_000_000)]:
        assert catalog.totals().correct(catalog.bucket, folder, Tally(objects, size), None)
    found = [json.loads(line) for line in run("du", "--json", "--depth", "2").stdout.splitlines()]
    assert [Total(**each) for each in found] == [
        Total("a/", 5, 3_000_200),
        Total("a/b/", 3, 3_000_000),
        Total("", 6, 3_000_210),
    ]
    shown = run("du", "a/b/")
    assert shown.stdout == "      3.0 MB              3  a/b/\n"
    assert re.fullmatch(r"Counted up to \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\.\n", shown.stderr)


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["a"], Total("a", 3, 21)),
        (["a/b/c/d/"], Total("a/b/c/d/", 1, 7)),
        (["--depth", "4"], Total("", 4, 28)),
    ],
)
def test_du_counts_the_rows_where_there_are_no_totals(
    catalog: DeployedCatalog, run: Run, arguments: list[str], last: Total
) -> None:
    for key in ("a/b/c/d/e", "a/1", "ab", "c"):
        add_row(catalog, key)
    shown = run("du", "--json", *arguments)
    found = [Total(**json.loads(line)) for line in shown.stdout.splitlines()]
    assert found[-1] == last
    assert (
        f"Read {found[-1].objects} rows: only whole folders have totals, down to 3" in shown.stderr
    )


def test_stat_exits_with_0_where_catalog_and_bucket_agree(
    catalog: DeployedCatalog, run: Run
) -> None:
    put_object(catalog, "a\nb", b"12")
    shown = run("stat", "a\nb")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith("key        a\\nb\n")
    assert shown.stdout.endswith("Catalog and bucket agree about this key.\n")


@pytest.mark.parametrize("as_json", [True, False])
def test_stat_exits_with_1_where_they_differ(
    catalog: DeployedCatalog, run: Run, as_json: bool
) -> None:
    add_row(catalog, "ghost")
    shown = run("stat", "ghost", *(["--json"] if as_json else []))
    assert shown.exit_code == 1
    assert ('"agree": false' in shown.stdout) is as_json
    assert ("DIFFER" in shown.stdout) is not as_json


def test_stat_of_a_key_in_neither_is_one_line_and_exit_code_1(
    catalog: DeployedCatalog, run: Run
) -> None:
    put_object(catalog, "longer")
    shown = run("stat", "long")
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr == (
        f"reinventure: 'long' is neither in the catalog nor in s3://{catalog.bucket}\n"
    )
