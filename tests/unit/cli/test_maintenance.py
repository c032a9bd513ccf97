"""The commands that keep catalog and bucket equal: verify, repair, failed, redrive, smoke."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError
from typer.testing import Result

from reinventure.aws import account_comparison, dead_letters, deployed_stack, smoke_test
from reinventure.aws.account_comparison import RangesDone
from reinventure.aws.dead_letters import DeadLetter
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.smoke_test import Smoke
from reinventure.cli import maintenance, repair_progress
from reinventure.errors import LateError, UserError
from reinventure.progress import Steps
from s3_catalog.exceptions import ContendedError
from s3_catalog.model.row import Row
from s3_catalog.model.timestamps import utc_now
from s3_catalog.reconciliation import repair
from s3_catalog.reconciliation.last_verified import LastVerified
from s3_catalog.reconciliation.repair import Checkpoint
from s3_catalog.table.item import to_item
from s3_catalog.totals.recount import Recounted
from s3_catalog.totals.tally import Tally
from tests.unit.aws.letters import in_queue, send, send_failures
from tests.unit.cli.content import add_row, put_object

Run = Callable[..., Result]


# verify


def test_verify_of_equal_sides_exits_with_0(catalog: DeployedCatalog, run: Run) -> None:
    put_object(catalog, "a")
    put_object(catalog, "b")
    result = run("verify")
    assert (result.exit_code, result.stdout) == (0, "EQUAL: 2 keys compared.\n")
    assert run("verify", "b", "--json").stdout == ""


def test_the_comparison_of_a_whole_bucket_is_recorded_if_it_is_equal(
    catalog: DeployedCatalog, run: Run
) -> None:
    verified = catalog.last_verified()
    put_object(catalog, "a")
    add_row(catalog, "b")
    assert run("verify", "a").exit_code == 0
    assert run("verify").exit_code == 1
    assert verified.moments() == {}
    assert run("repair", "--restart").stdout.startswith("Repaired 1 of 2 keys compared.\n")
    assert verified.moments() == {}, "it was not equal before"
    began = utc_now()
    assert run("verify").exit_code == 0
    found = verified.moments()[catalog.bucket]
    assert began - timedelta(milliseconds=1) <= found <= utc_now()
    assert run("repair", "a").exit_code == 0
    assert verified.moments()[catalog.bucket] == found
    assert run("repair").exit_code == 0
    assert verified.moments()[catalog.bucket] > found


def test_a_repair_that_continues_is_not_recorded(catalog: DeployedCatalog, run: Run) -> None:
    for key in ("a", "b"):
        put_object(catalog, key)
    path = repair_progress.path_for(catalog.table, f"{catalog.bucket}/")
    repair_progress.save(path, repair_progress.Progress("a", 1, 0))
    assert "Continuing after a" in run("repair").stdout
    assert catalog.last_verified().moments() == {}


def test_those_who_may_only_read_can_verify(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        denied: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not\nauthorized"}}
        raise ClientError(denied, "UpdateItem")

    monkeypatch.setattr(LastVerified, "record", refuse)
    put_object(catalog, "a")
    result = run("verify")
    assert (result.exit_code, result.stdout) == (0, "EQUAL: 1 keys compared.\n")
    assert result.stderr.endswith(
        "`reinventure buckets` will not show this comparison: "
        "UpdateItem: AccessDeniedException: not authorized\n"
    )


def test_verify_prints_every_difference_and_exits_with_1(
    catalog: DeployedCatalog, run: Run
) -> None:
    put_object(catalog, "a/equal")
    add_row(catalog, "a/ghost\x1b[2J", size=7, etag="e")
    catalog.s3.put_object(Bucket=catalog.bucket, Key="a/missing", Body=b"12")
    put_object(catalog, "a/stale")
    add_row(catalog, "a/stale", size=9, etag="old")
    add_row(catalog, "b/ghost")

    result = run("verify", "a/")
    assert result.exit_code == 1
    kinds = [line.split()[:2] for line in result.stdout.splitlines()]
    assert kinds == [
        ["ghost", "a/ghost\\x1b[2J"],
        ["missing", "a/missing"],
        ["stale", "a/stale"],
        ["3", "DIFFER:"],
    ]
    assert "(bucket: nothing; catalog: 7 bytes, e)" in result.stdout
    assert "\x1b" not in result.stdout

    result = run("verify", "a/", "--json")
    assert result.exit_code == 1
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["key"] for each in found] == ["a/ghost\x1b[2J", "a/missing", "a/stale"]
    assert found[0]["bucket"] is None
    assert found[1]["catalog"] is None
    assert (found[2]["bucket"]["size"], found[2]["catalog"]["size"]) == (1, 9)
    assert result.stderr.endswith("3 DIFFER: 4 keys compared.\n")


def test_verify_prints_rows_with_an_implausible_sequencer_and_counts_them(
    catalog: DeployedCatalog, run: Run
) -> None:
    future = f"{int(time.time()) + 3600:010X}" + "0" * 22
    put_object(catalog, "equal")
    put_object(catalog, "forged")
    row = next(row for row in catalog.rows() if row.key == "forged")
    forge(catalog, row)
    add_row(catalog, "ghost")
    add_row(catalog, "gone", size=None, etag=None, expires_at=1, sequencer=future)
    add_row(catalog, "tombstone", size=None, etag=None, expires_at=1)

    result = run("verify")
    assert result.exit_code == 1
    content = f"1 bytes, {row.etag}"
    assert result.stdout.splitlines() == [
        f"implausible forged  (bucket: {content}; catalog: {content}; sequencer: {'F' * 32})",
        "ghost       ghost  (bucket: nothing; catalog: 7 bytes, e)",
        f"implausible gone  (bucket: nothing; catalog: nothing; sequencer: {future})",
        "1 DIFFER, 2 IMPLAUSIBLE: 4 keys compared.",
    ]

    result = run("verify", "forged", "--json")
    assert result.exit_code == 1
    side = {"size": 1, "etag": row.etag, "version_id": row.version_id}
    assert json.loads(result.stdout) == {
        "kind": "implausible",
        "bucket_name": catalog.bucket,
        "key": "forged",
        "bucket": side,
        "catalog": side,
        "sequencer": "F" * 32,
    }
    assert result.stderr.endswith("1 IMPLAUSIBLE: 1 keys compared.\n")


# repair


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a command waits; here they take no time."""
    seconds: list[float] = []
    monkeypatch.setattr(maintenance, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def progress_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """A function that returns the files with the progress of repairs."""
    monkeypatch.setattr("typer.get_app_dir", lambda name: str(tmp_path / name))
    return lambda: list(tmp_path.rglob("*.json"))


def forge(catalog: DeployedCatalog, row: Row) -> None:
    """Replace the sequencer of `row` by that of a forged event."""
    item = to_item(replace(row, sequencer="F" * 32), catalog.outputs.shards)
    catalog.dynamodb.put_item(TableName=catalog.table, Item=item)


def rows(catalog: DeployedCatalog) -> list[str]:
    return [row.key for row in catalog.rows(consistent=True)]


def test_repair_corrects_the_keys_under_the_prefix_only(
    catalog: DeployedCatalog, run: Run, progress_files: Callable[[], list[Path]]
) -> None:
    put_object(catalog, "a/1")
    for ghost in ("a/ghost", "ab", "b/ghost"):
        add_row(catalog, ghost)
    result = run("repair", "a/")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Repaired 1 of 2 keys compared.\n")
    assert rows(catalog) == ["a/1", "ab", "b/ghost"]
    assert progress_files() == []


def test_repair_heals_rows_with_an_implausible_sequencer(
    catalog: DeployedCatalog, run: Run, progress_files: Callable[[], list[Path]]
) -> None:
    put_object(catalog, "forged")
    row = next(iter(catalog.rows()))
    forge(catalog, row)
    add_row(catalog, "gone", size=None, etag=None, expires_at=1, sequencer="F" * 32)
    result = run("repair")
    assert result.stdout.startswith("Repaired 2 of 2 keys compared.\n")
    for key in ("forged", "gone"):
        healed = catalog.store().read(catalog.bucket, key)
        assert healed
        assert (healed.sequencer, healed.healed_at) == ("0" * 32, healed.asked_at)
    assert run("verify").exit_code == 0
    assert run("repair").stdout.startswith("Repaired 0 of 1 keys compared.\n")


def test_repair_recounts_the_folders_under_the_prefix_only(
    catalog: DeployedCatalog,
    run: Run,
    pauses: list[float],
    progress_files: Callable[[], list[Path]],
) -> None:
    for key in ("a/1", "a/2", "b/1"):
        put_object(catalog, key)
    result = run("repair", "a/")
    assert result.stdout.splitlines()[-1] == "Corrected the totals of 1 of 1 folders."
    totals = catalog.totals()
    assert totals.own(catalog.bucket, "")["a/"].tally == Tally(2, 2)
    assert "b/" not in totals.own(catalog.bucket, "")
    # Nothing was repaired: it waits for the stream only.
    assert pauses == [30]


def test_repair_counts_the_rows_under_the_prefix_only(
    catalog: DeployedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    for key in ("a/1", "ab", "b/1"):
        put_object(catalog, key)
    counted: list[str] = []

    def recount(_totals: object, _bucket: str, read: Callable[[], Any], *_: Any, **__: Any) -> Any:
        counted.extend(row.key for row in read())
        return Recounted(1, 0, [])

    monkeypatch.setattr(maintenance, "recount", recount)
    assert run("repair", "a/").exit_code == 0
    assert counted == ["a/1"]


def test_repair_waits_until_a_repaired_row_is_counted(
    catalog: DeployedCatalog,
    run: Run,
    pauses: list[float],
    progress_files: Callable[[], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = deployed_stack.find

    def with_window(client: Any, stack: str, kind: Any) -> Any:
        return replace(find(client, stack, kind), totals_window=60)

    monkeypatch.setattr(deployed_stack, "find", with_window)
    add_row(catalog, "ghost")
    assert run("repair").exit_code == 0
    assert pauses == [62]


def test_repair_deletes_the_totals_of_folders_without_objects(
    catalog: DeployedCatalog, run: Run, pauses: list[float]
) -> None:
    totals, one = catalog.totals(), Tally(1, 2)
    for folder in ("a/b/", "c/"):
        assert totals.correct(catalog.bucket, folder, one, None)
        guard = totals.own(catalog.bucket, "")[folder].guard
        assert totals.correct(catalog.bucket, folder, Tally(-1, -2), guard)
    shown = run("repair", "a/")
    assert "Deleted 2 rows of totals of folders without objects." in shown.stdout.splitlines()
    assert set(totals.own(catalog.bucket, "")) == {"c/"}
    assert "Deleted 1 rows" in run("repair").stdout
    assert "Deleted" not in run("repair").stdout
    assert totals.has(catalog.bucket)


def stop_after(
    monkeypatch: pytest.MonkeyPatch, checkpoints: list[Checkpoint]
) -> list[dict[str, str]]:
    """Have the reconcile stop after these checkpoints, as if it failed; return its requests."""
    requests: list[dict[str, str]] = []

    def reconcile(_store: object, _bucket: object, **request: str) -> Iterator[Checkpoint]:
        requests.append(request)
        yield from checkpoints
        if checkpoints:
            raise ContendedError("the row changed")

    monkeypatch.setattr(maintenance, "reconcile", reconcile)
    return requests


def test_an_interrupted_repair_continues_where_it_stopped(
    catalog: DeployedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    requests = stop_after(monkeypatch, [Checkpoint("a/1", 1000, 1), Checkpoint("a/2\n", 1000, 2)])
    assert run("repair", "a/").exit_code == 2
    [file] = progress_files()

    requests = stop_after(monkeypatch, [])
    result = run("repair", "b/")
    assert requests == [{"prefix": "b/", "after": ""}]
    assert "Continuing" not in result.stdout
    assert progress_files() == [file]

    requests = stop_after(monkeypatch, [Checkpoint("a/3", 5, 0)])
    assert run("repair", "a/").stdout.startswith("Continuing after a/2\\n, where the last run ")
    assert requests == [{"prefix": "a/", "after": "a/2\n"}]

    requests = stop_after(monkeypatch, [])
    result = run("repair", "a/")
    assert requests == [{"prefix": "a/", "after": "a/3"}]
    assert "Repaired 3 of 2,005 keys compared.\n" in result.stdout
    assert progress_files() == []


@pytest.fixture
def machine(catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch) -> "Machine":
    """The catalog with the state machine that compares."""
    outputs = replace(catalog.outputs, reconcile_machine_arn="machine")
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    started = Machine()
    monkeypatch.setattr(account_comparison, "start", started.start)
    monkeypatch.setattr(account_comparison, "resume", started.resume)
    monkeypatch.setattr(repair, "STRIDE", 2)
    return started


class Machine:
    """The state machine: what was started, and how each wait ends."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.error: BaseException | None = None
        self.execution = "execution"

    def start(self, catalog: DeployedCatalog, prefix: str, after: str) -> "Machine":
        self.calls.append(("start", catalog.bucket, prefix, after))
        return self

    def resume(self, _catalog: DeployedCatalog, execution: str) -> "Machine":
        self.calls.append(("resume", execution))
        return self

    def wait(self, report: Callable[[RangesDone], None], pause: Callable[[], None]) -> None:
        for done in (RangesDone(0, 0), RangesDone(3, 7), RangesDone(7, 7)):
            report(done)
            pause()
        if self.error:
            raise self.error


def test_repair_hands_the_keys_above_a_number_to_the_account(
    catalog: DeployedCatalog,
    run: Run,
    machine: Machine,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    for n in range(9):
        put_object(catalog, f"a/{n}")
    advanced: list[int] = []
    monkeypatch.setattr(Steps, "advance", lambda _, parts=1: advanced.append(parts))
    result = run("repair", "a/", "--in-account-above", "3")
    assert result.exit_code == 0, result.output
    assert machine.calls == [("start", catalog.bucket, "a/", "a/3"), ("resume", "execution")]
    assert result.stdout == (
        "More than 3 keys: the others are compared in the account, also if this command is "
        "interrupted. The execution is execution\n"
        "Repaired 0 of 4 keys compared; the account compared the others.\n"
        "Corrected the totals of 0 of 0 folders.\n"
    )
    assert f"Comparing ranges of keys of s3://{catalog.bucket}/ ..." in result.stderr
    # Keys here, then ranges.
    assert advanced == [2, 2, 0, 3, 4]
    assert pauses == [5, 5, 5]
    assert progress_files() == []


def test_repair_without_a_state_machine_or_of_fewer_keys_stays_here(
    catalog: DeployedCatalog,
    run: Run,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    for n in range(6):
        put_object(catalog, f"a/{n}")
    assert "Repaired 0 of 6 keys compared.\n" in run("repair", "--in-account-above", "6").stdout
    assert "Repaired 0 of 6 keys compared.\n" in run("repair").stdout
    monkeypatch.setattr(deployed_stack, "find", lambda *_: catalog.outputs)
    alone = run("repair", "--in-account-above", "0")
    assert "Repaired 0 of 6 keys compared.\n" in alone.stdout
    assert machine.calls == []


def test_an_interrupted_repair_waits_for_the_execution_that_it_started(
    catalog: DeployedCatalog,
    run: Run,
    machine: Machine,
    progress_files: Callable[[], list[Path]],
) -> None:
    for n in range(6):
        put_object(catalog, f"a/{n}")
    machine.error = KeyboardInterrupt()
    assert run("repair", "--in-account-above", "0").exit_code != 0
    machine.calls.clear()
    # The account fails: the next run starts another execution, from the same key on.
    machine.error = UserError("the comparison in the account ended as FAILED")
    failed = run("repair", "--in-account-above", "0")
    assert failed.exit_code == 2
    assert failed.stdout == "Waiting for the comparison in the account that the last run started.\n"
    assert "ended as FAILED" in failed.stderr
    assert machine.calls == [("resume", "execution")]
    machine.error = None
    machine.calls.clear()
    done = run("repair", "--in-account-above", "0")
    assert done.exit_code == 0, done.output
    assert machine.calls == [("start", catalog.bucket, "", "a/3"), ("resume", "execution")]
    assert "Repaired 0 of 4 keys compared; the account compared the others.\n" in done.stdout
    assert progress_files() == []


def test_a_bucket_that_the_account_compared_is_recounted_if_changes_were_not_counted(
    catalog: DeployedCatalog,
    run: Run,
    machine: Machine,
    progress_files: Callable[[], list[Path]],
) -> None:
    for n in range(4):
        put_object(catalog, f"a/{n}")
    assert "totals of 0 of 0" in run("repair", "--in-account-above", "0").stdout
    send_failures(catalog, "totals")
    result = run("repair", "--in-account-above", "0")
    assert "Corrected the totals of 1 of 2 folders.\n" in result.stdout
    assert "Deleted 1 messages of totals from the dead-letter queue.\n" in result.stdout


def test_repair_restarts_from_the_beginning(
    catalog: DeployedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    stop_after(monkeypatch, [Checkpoint("k", 1000, 1)])
    assert run("repair").exit_code == 2
    requests = stop_after(monkeypatch, [])
    result = run("repair", "--restart")
    assert requests == [{"prefix": "", "after": ""}]
    assert result.stdout.startswith("Repaired 0 of 0 keys compared.\n")


def test_repair_of_all_deletes_the_dead_letters_of_totals(
    catalog: DeployedCatalog, run: Run, progress_files: Callable[[], list[Path]]
) -> None:
    send_failures(catalog, "totals", "totals", "publish")
    send(catalog, "another")
    assert "dead-letter" not in run("repair", "a/").stdout
    assert len(in_queue(catalog)) == 4

    result = run("repair")
    assert result.exit_code == 0
    assert result.stdout.endswith("Deleted 2 messages of totals from the dead-letter queue.\n")
    assert sorted(str(letter.function) for letter in in_queue(catalog)) == ["ingest", "publish"]


def test_repair_keeps_the_dead_letters_that_come_during_the_recount(
    catalog: DeployedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    send_failures(catalog, "totals")

    def recount(*_: object, **__: object) -> Recounted:
        send_failures(catalog, "totals")
        return Recounted(1, 0, [])

    monkeypatch.setattr(maintenance, "recount", recount)
    assert "Deleted 1 messages of totals" in run("repair").stdout
    assert len(in_queue(catalog)) == 1


def test_repair_exits_with_1_if_folders_changed_during_every_recount(
    catalog: DeployedCatalog,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    progress_files: Callable[[], list[Path]],
) -> None:
    send_failures(catalog, "totals")
    restless = Recounted(3, 1, ["a\x1b/", "b/"])
    monkeypatch.setattr(maintenance, "recount", lambda *_, **__: restless)
    result = run("repair")
    assert result.exit_code == 1
    assert result.stdout.endswith("Corrected the totals of 1 of 3 folders.\n")
    assert result.stderr.endswith(
        "reinventure: 2 folders, such as a\\x1b/, changed during every recount. Run the command "
        "again when fewer writers change them\n"
    )
    assert len(in_queue(catalog)) == 1


# failed and redrive


@pytest.mark.parametrize(("options", "stdout"), [([], "Nothing failed.\n"), (["--json"], "")])
def test_failed_of_an_empty_queue(
    catalog: DeployedCatalog, run: Run, options: list[str], stdout: str
) -> None:
    result = run("failed", *options)
    assert (result.exit_code, result.stdout) == (0, stdout)


def failed_record(key: str, message: str, function: str = "ingest") -> dict[str, Any]:
    """A dead letter of `ingest` about the row of `key`."""
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    return {
        "requestContext": {"functionArn": arn},
        "requestPayload": {"Records": [{"dynamodb": {"Keys": {"sk": {"S": key}}}}]},
        "responsePayload": {"errorMessage": message},
    }


def test_failed_shows_reasons_and_keys_without_control_characters(
    catalog: DeployedCatalog, run: Run
) -> None:
    send(catalog, failed_record("a\x1b[2Jb", "no\n\x1b[31mway", "ing\x9best"))
    shown = run("failed").stdout
    first = shown.splitlines()[0]
    assert re.fullmatch(r"\S+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  ingest", first)
    assert shown.splitlines()[1:] == ["  why:  no\\n\\x1b[31mway", "  keys: a\\x1b[2Jb"]
    found = json.loads(run("failed", "--json").stdout)
    assert (found["reason"], found["keys"]) == ("no\n\x1b[31mway", ["a\x1b[2Jb"])
    assert (found["where"], found["payload"]["Records"][0]["dynamodb"]["Keys"]["sk"]["S"]) == (
        "ing\x9best",
        "a\x1b[2Jb",
    )


def test_failed_shows_five_keys_of_many(catalog: DeployedCatalog, run: Run) -> None:
    letter = failed_record("0", "no")
    record = letter["requestPayload"]["Records"][0]
    letter["requestPayload"]["Records"] = [
        {"dynamodb": {"Keys": {"sk": {"S": f"{n}"}}}, **({} if n else record)} for n in range(7)
    ]
    send(catalog, letter)
    assert run("failed").stdout.endswith("  keys: 0, 1, 2, 3, 4 and 2 more\n")


@pytest.fixture
def redriven(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reasons of the events that are redriven; those with "good" in it succeed."""
    tried: list[str] = []

    def redrive(catalog: DeployedCatalog, letter: DeadLetter) -> str | None:
        tried.append(letter.reason)
        if "good" not in letter.reason:
            return f"again: {letter.reason}"
        dead_letters._delete(catalog, letter)
        return None

    monkeypatch.setattr(dead_letters, "redrive", redrive)
    return tried


def test_redrive_of_all_deletes_what_succeeds(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good 1"), failed_record("b", "good 2"))
    result = run("redrive", "--all")
    assert (result.exit_code, result.stdout) == (0, "2 redriven, 0 failed again.\n")
    assert sorted(redriven) == ["good 1", "good 2"]
    assert in_queue(catalog) == []


def test_failed_shows_the_function_of_each_queue(catalog: DeployedCatalog, run: Run) -> None:
    send_failures(catalog, "totals", "publish")
    send(catalog, failed_record("a", "no"))
    shown = run("failed").stdout.splitlines()
    assert [line.split()[-1] for line in shown[::3]] == ["ingest", "totals", "publish"]


def test_an_untrusted_sender_is_shown_and_stays(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good"), sender="AROATOTALS:\x1b[2J")
    send(catalog, failed_record("b", "good"))
    result = run("redrive", "--all")
    assert (result.exit_code, result.stdout) == (1, "1 redriven, 0 failed again, 1 not trusted.\n")
    [left] = in_queue(catalog)
    assert result.stderr == f"{left.id} not trusted: sender AROATOTALS:\\x1b[2J\n"
    assert run("failed").stdout.endswith("\n  not trusted: sender AROATOTALS:\\x1b[2J\n")
    found = json.loads(run("failed", "--json").stdout)
    assert (found["function"], found["sender"], found["trusted"]) == (
        "ingest",
        "AROATOTALS:\x1b[2J",
        False,
    )
    trusting = run("redrive", "--all", "--trust", "AROATOTALS:\x1b[2J")
    assert trusting.stdout == "1 redriven, 0 failed again.\n"


def test_redrive_of_a_stack_without_role_ids_is_one_line(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replace(catalog.outputs, ingest_role_id=None)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: old)
    result = run("redrive", "--all")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "was deployed by a version before 1.0" in result.stderr


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_at_a_terminal", lambda: True)


@pytest.mark.usefixtures("terminal")
def test_redrive_at_a_terminal_shows_its_plan_and_asks(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good"))
    send(catalog, failed_record("b", "good"), sender="123456789012")
    send_failures(catalog, "totals")
    no = run("redrive", "--all", typed="n\n")
    assert (no.exit_code, redriven, len(in_queue(catalog))) == (0, [], 3)
    lines = no.stdout.splitlines()
    assert "  goes to ingest" in lines
    assert "  not trusted: sender 123456789012" in lines
    assert any("`reinventure repair` recounts them" in line for line in lines)
    assert lines[-1].endswith("Nothing redriven.")
    yes = run("redrive", "--all", typed="y\n")
    assert yes.stdout.endswith("1 redriven, 1 failed again, 1 not trusted.\n")


@pytest.mark.usefixtures("terminal")
def test_redrive_at_a_terminal_gives_only_what_it_showed(
    catalog: DeployedCatalog,
    run: Run,
    redriven: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send(catalog, failed_record("a", "good 1"))

    def agree(_: str) -> bool:
        send(catalog, failed_record("b", "good 2"))
        return True

    monkeypatch.setattr(typer, "confirm", agree)
    assert run("redrive", "--all").stdout.endswith("1 redriven, 0 failed again.\n")
    assert redriven == ["good 1"]


@pytest.mark.usefixtures("terminal")
def test_redrive_at_a_terminal_does_not_ask_if_it_can_give_nothing(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(catalog, failed_record("a", "good"), sender="123456789012")
    monkeypatch.setattr(typer, "confirm", lambda _: pytest.fail("asked"))
    result = run("redrive", "--all")
    assert result.exit_code == 1
    assert result.stdout == "0 redriven, 0 failed again, 1 not trusted.\n"
    assert "not trusted: sender 123456789012" in result.stderr


@pytest.mark.usefixtures("terminal")
def test_redrive_does_not_ask_with_yes(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good"))
    assert run("redrive", "--all", "--yes").stdout == "1 redriven, 0 failed again.\n"


def test_redrive_exits_with_1_if_an_event_failed_again(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good"), failed_record("b", "bad\n\x1b[31m"))
    result = run("redrive", "--all")
    assert (result.exit_code, result.stdout) == (1, "1 redriven, 1 failed again.\n")
    [left] = in_queue(catalog)
    assert result.stderr == f"{left.id} failed again: again: bad\\n\\x1b[31m\n"


def test_redrive_tries_the_events_with_the_given_ids(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, *(failed_record("a", f"good {n}") for n in range(4)))
    letters = in_queue(catalog)
    result = run("redrive", letters[0].id, letters[1].id[:12])
    assert (result.exit_code, result.stdout) == (0, "2 redriven, 0 failed again.\n")
    assert {letter.id for letter in in_queue(catalog)} == {letter.id for letter in letters[2:]}


def test_redrive_of_an_unknown_id_is_one_line(
    catalog: DeployedCatalog, run: Run, redriven: list[str]
) -> None:
    send(catalog, failed_record("a", "good"))
    result = run("redrive", "no", "such")
    assert (result.exit_code, result.stdout, redriven) == (2, "", [])
    assert result.stderr == (
        "reinventure: no failed event has an id that begins with 'no' or 'such': see "
        "`reinventure failed`\n"
    )
    assert len(in_queue(catalog)) == 1


def test_an_interrupted_redrive_leaves_the_events_visible(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ContendedError("the row changed")

    monkeypatch.setattr(dead_letters, "redrive", fail)
    send(catalog, failed_record("a", "bad"))
    assert run("redrive", "--all").exit_code == 2
    assert len(in_queue(catalog)) == 1


def test_a_batch_without_its_records_has_no_keys(catalog: DeployedCatalog, run: Run) -> None:
    send_failures(catalog, "publish")
    assert run("failed").stdout.endswith("  keys: none that can be read\n")


# smoke


def test_smoke_prints_how_long_row_and_tombstone_took(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def smoke(_: DeployedCatalog, patience: float) -> Smoke:
        waits.append(patience)
        return Smoke("key", 1.234, 0.5)

    monkeypatch.setattr(smoke_test, "smoke", smoke)
    result = run("smoke")
    assert (result.exit_code, result.stdout) == (
        0,
        "key: its row came in 1.23 s, and its tombstone in 0.50 s.\n",
    )
    assert run("smoke", "--patience", "1.5").exit_code == 0
    assert waits == [60, 1.5]


def test_a_row_that_is_late_is_one_line_and_exit_code_1(
    catalog: DeployedCatalog, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def smoke(*_: object) -> Smoke:
        raise LateError("no row came")

    monkeypatch.setattr(smoke_test, "smoke", smoke)
    result = run("smoke")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("reinventure: no row came\n")
