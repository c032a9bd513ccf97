"""Attaching: what is kept, the order of the steps, how long it waits, and where it continues."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reinventure.attaching import attachment, settled_comparison
from reinventure.attaching.attachment import attach, is_unfinished
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.errors import CheckFailedError, UserError
from reinventure.progress import Steps
from s3_catalog.correction import correct
from s3_catalog.model.scope import Entry
from s3_catalog.s3.bucket import Bucket
from s3_catalog.table.store import Store
from tests.unit.attaching.attached_catalog import OTHERS, AttachedCatalog
from tests.unit.attachment.bucket_model import SWITCH, document
from tests.unit.cli.existing_buckets import ExistingBuckets


class Run:
    """Runs of `attach` for a bucket with two objects; `backfills` has the time of each."""

    def __init__(
        self, existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch, bucket: str
    ) -> None:
        self.existing = existing
        existing.configuration = document(*OTHERS)
        self.deployment = AttachedCatalog(existing, monkeypatch)
        self.entry = Entry(bucket, "in/")
        for key in ("in/a", "in/b", "out"):
            existing.catalog.s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        self.backfills: list[tuple[float, bool]] = []
        self.fails: list[BaseException] = []
        self.compared: list[float] = []
        compare = settled_comparison.compare

        def compare_then(*arguments: object) -> object:
            self.compared.append(self.deployment.now)
            return compare(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(attachment, "compare", compare_then)

    def __call__(self) -> None:
        attach(
            self.entry,
            self.deployment.catalog,
            self.deployment,
            self.backfill,
            self.deployment.clock,
        )

    def backfill(self, catalog: DeployedCatalog, prefix: str, _: Steps, *, restart: bool) -> None:
        assert (catalog.bucket, prefix) == (self.entry.bucket, "in/")
        self.backfills.append((self.deployment.now, restart))
        correct(catalog.store(), catalog.stored(), "in/a")
        if self.fails:
            raise self.fails.pop()
        correct(catalog.store(), catalog.stored(), "in/b")
        self.deployment.now += 10

    @property
    def unfinished(self) -> bool:
        return is_unfinished(self.entry, self.deployment.catalog)


@pytest.fixture
def run(existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch, state: Path) -> Run:
    return Run(existing, monkeypatch, existing.add())


def test_it_ends_equal_and_compares_when_eventbridge_has_every_event(
    run: Run, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def during() -> None:
        [kept] = (state / "notifications").iterdir()
        assert kept.read_bytes() == document(*OTHERS), "before anything changes"
        assert not run.unfinished

    run.deployment.during = during
    began = run.deployment.now
    run()
    assert run.deployment.deployed == [f"create,{run.entry}"]
    assert run.backfills == [(began + 60, True)]
    # The switch was on at the latest when the deployment ended.
    assert run.compared == [began + 60 + 300]
    [kept] = (state / "notifications").iterdir()
    assert capsys.readouterr().out.splitlines() == [
        f"Saved the notification configuration of s3://{run.entry.bucket} as found: {kept}",
        f"The other notifications of s3://{run.entry.bucket} (2) are as found.",
        "EQUAL: 2 keys compared.",
    ]
    assert not run.unfinished


def test_a_checkout_that_would_detach_another_bucket_is_refused(run: Run, state: Path) -> None:
    run.deployment.setting = "create,logs-prod"
    run.deployment.deploy()
    run.deployment.setting = "create"
    with pytest.raises(UserError, match="only deployed: s3://logs-prod"):
        run()
    assert run.deployment.deployed == []
    assert not state.exists()


def test_a_bucket_that_was_attached_during_the_question_stays(run: Run) -> None:
    found = run.deployment.catalog
    run.deployment.setting = "create,logs-prod"
    run.deployment.deploy()
    run.deployment.setting = "create"
    with pytest.raises(UserError, match="only deployed: s3://logs-prod"):
        attach(run.entry, found, run.deployment, run.backfill, run.deployment.clock)
    assert run.deployment.deployed == []


def test_a_change_without_an_event_is_found_by_the_comparison(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, pause = run.existing.catalog.s3, run.deployment.clock.pause
    began = run.deployment.now

    def silent(seconds: float) -> None:
        pause(seconds)
        if run.deployment.now < began + 359:
            return
        s3.put_object(Bucket=run.entry.bucket, Key="in/a", Body=b"longer")
        s3.delete_object(Bucket=run.entry.bucket, Key="in/b")
        s3.put_object(Bucket=run.entry.bucket, Key="in/c", Body=b"new")

    clock = attachment.Clock(lambda: run.deployment.now, silent)
    attach(run.entry, run.deployment.catalog, run.deployment, run.backfill, clock)
    assert capsys.readouterr().out.endswith("EQUAL: 3 keys compared, 3 of them corrected.\n")
    rows = run.deployment.catalog.choose(run.entry.bucket).rows(consistent=True)
    assert [(row.key, row.size) for row in rows] == [("in/a", 6), ("in/c", 3)]


@pytest.mark.parametrize("found", [(), (SWITCH,)], ids=["off", "on"])
def test_it_waits_also_if_eventbridge_was_on_already(run: Run, found: tuple[str, ...]) -> None:
    # Another prefix of the bucket may have been attached a minute ago, and the rule is new.
    run.existing.configuration = document(*OTHERS, *found)
    run()
    [(backfilled, _)], [compared] = run.backfills, run.compared
    assert compared - backfilled == 300


def test_a_backfill_that_takes_longer_is_waited_for_no_more(run: Run) -> None:
    run.deployment.eventbridge_seconds = 7
    run()
    [(backfilled, _)] = run.backfills
    assert run.compared == [backfilled + 10]


def test_an_interrupted_backfill_continues_and_the_time_counts(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    began = run.deployment.now
    run.fails = [SystemExit(130)]
    with pytest.raises(SystemExit):
        run()
    assert run.unfinished
    run.deployment.now += 120
    run()
    assert run.deployment.deployed == [f"create,{run.entry}"]
    assert run.backfills == [(began + 60, True), (began + 180, False)]
    assert run.compared == [began + 360]
    assert capsys.readouterr().out.splitlines()[2:] == [
        f"Continuing to attach s3://{run.entry}, where the last run stopped.",
        "EQUAL: 2 keys compared.",
    ]
    assert not run.unfinished


def test_an_interrupted_wait_continues_after_the_backfill(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: float) -> None:
        raise SystemExit(130)

    clock = attachment.Clock(lambda: run.deployment.now, stop)
    with pytest.raises(SystemExit):
        attach(run.entry, run.deployment.catalog, run.deployment, run.backfill, clock)
    assert run.unfinished
    run.deployment.now += 1000
    began = run.deployment.now
    run()
    assert len(run.backfills) == 1
    assert run.compared == [began]


@pytest.mark.parametrize(
    ("left", "shown"), [(360, "6 minutes"), (61, "2 minutes"), (9, "1 minute")]
)
def test_a_wait_says_how_long_it_is_at_most(
    capsys: pytest.CaptureFixture[str], left: int, shown: str
) -> None:
    elapsed: list[float] = []
    clock = attachment.Clock(lambda: sum(elapsed), elapsed.append)
    with Steps() as steps:
        attachment._wait_until(left, steps, clock)
    assert sum(elapsed) == left
    assert f"Waiting {shown} until" in capsys.readouterr().err


def test_a_failed_deployment_is_begun_again(run: Run, state: Path) -> None:
    def fail() -> None:
        # It has turned EventBridge on, and not off again.
        run.existing.configuration = document(*OTHERS, SWITCH)
        raise UserError("`cdk deploy` failed")

    run.deployment.during = fail
    with pytest.raises(UserError, match="failed"):
        run()
    assert (run.deployment.setting, run.backfills, run.unfinished) == ("create", [], False)
    run.deployment.during = lambda: None
    run.deployment.now += 5
    run()
    assert len(list((state / "notifications").iterdir())) == 2
    [(backfilled, _)], [compared] = run.backfills, run.compared
    assert compared - backfilled == 300


def test_a_run_killed_in_a_deployment_that_succeeded_keeps_what_was_found(
    run: Run, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = run.deployment.change

    def killed(edit: Callable[[str], str]) -> None:
        change(edit)
        raise SystemExit(137)

    with monkeypatch.context() as kill:
        kill.setattr(run.deployment, "change", killed)
        with pytest.raises(SystemExit):
            run()
    assert run.unfinished
    run()
    [kept] = (state / "notifications").iterdir()
    assert kept.read_bytes() == document(*OTHERS)
    [(backfilled, _)], [compared] = run.backfills, run.compared
    assert compared - backfilled == 300


def test_notifications_that_differ_are_named_and_the_next_run_continues(
    run: Run, state: Path
) -> None:
    new = OTHERS[1].replace("<Id>all</Id>", "")
    run.deployment.configuration = (OTHERS[0].replace("thumbnails", "thumbs"), new, SWITCH)
    with pytest.raises(UserError) as error:
        run()
    [kept] = (state / "notifications").iterdir()
    # In the order of the document's elements.
    assert "(missing: queue thumbnails, topic all; new: queue thumbs, topic (no id))" in str(
        error.value
    )
    assert str(kept) in str(error.value)
    assert run.backfills == []
    assert run.unfinished
    run()
    assert len(run.compared) == 1


def test_eventbridge_that_was_turned_off_is_an_error_and_the_next_run_waits_again(
    run: Run,
) -> None:
    run.deployment.configuration = OTHERS
    with pytest.raises(UserError, match="EventBridge was turned off for s3://"):
        run()
    assert run.compared == []
    assert run.unfinished
    run.deployment.configuration = (*OTHERS, SWITCH)  # As its owner turns it on.
    began = run.deployment.now
    run()
    assert len(run.backfills) == 1
    assert run.compared == [began + 60 + 300]


def test_keys_compared_before_eventbridge_was_turned_off_are_compared_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settled_comparison, "STRIDE", 1)
    compared = DeployedCatalog.compared

    def stop_after_one(*arguments: Any) -> Any:
        yield next(compared(*arguments))
        raise SystemExit(130)

    with monkeypatch.context() as stopped:
        stopped.setattr(DeployedCatalog, "compared", stop_after_one)
        with pytest.raises(SystemExit):
            run()
    run.existing.configuration = document(*OTHERS)
    with pytest.raises(UserError, match="EventBridge was turned off for s3://"):
        run()
    run.existing.catalog.s3.delete_object(Bucket=run.entry.bucket, Key="in/a")
    run()
    assert capsys.readouterr().out.endswith("EQUAL: 2 keys compared, 1 of them corrected.\n")


def test_it_is_not_equal_if_eventbridge_was_turned_off_during_the_comparison(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = DeployedCatalog.compared

    def turn_off(*arguments: Any) -> Any:
        run.existing.configuration = document(*OTHERS)
        return compared(*arguments)

    with monkeypatch.context() as off:
        off.setattr(DeployedCatalog, "compared", turn_off)
        with pytest.raises(UserError, match="EventBridge was turned off for s3://"):
            run()
    assert "EQUAL" not in capsys.readouterr().out
    began = run.deployment.now
    run()
    assert run.compared[1:] == [began + 60 + 300]
    assert capsys.readouterr().out.endswith("EQUAL: 2 keys compared.\n")


def test_it_is_not_equal_if_the_bucket_was_detached_during_the_comparison(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compared = DeployedCatalog.compared

    def detach(*arguments: Any) -> Any:
        run.deployment.setting = "create"
        run.deployment.deploy()
        return compared(*arguments)

    monkeypatch.setattr(DeployedCatalog, "compared", detach)
    with pytest.raises(UserError, match="was detached meanwhile, so this command ended"):
        run()
    assert "EQUAL" not in capsys.readouterr().out


def test_a_key_that_differs_after_corrections_is_not_equal(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = run.existing.catalog.s3

    def correct_and_change(*arguments: object) -> None:
        correct(*arguments)  # type: ignore[arg-type]
        s3.put_object(Bucket=run.entry.bucket, Key="in/c", Body=b"longer" * corrections.pop())

    corrections = [5, 4, 3, 2, 1]
    monkeypatch.setattr(settled_comparison, "correct", correct_and_change)
    s3.put_object(Bucket=run.entry.bucket, Key="in/c", Body=b"no row")
    clock = attachment.Clock(lambda: run.deployment.now, _advance(run))
    with pytest.raises(CheckFailedError, match=r"/in/c and its row differ after 5 corrections\."):
        attach(run.entry, run.deployment.catalog, run.deployment, run.backfill, clock)
    assert "EQUAL" not in capsys.readouterr().out
    assert run.unfinished
    assert corrections == []


def test_an_interrupted_comparison_continues_where_it_stopped(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settled_comparison, "STRIDE", 1)
    # No event, so the comparison has to correct both.
    s3 = run.existing.catalog.s3
    for key in ("in/c", "in/d"):
        s3.put_object(Bucket=run.entry.bucket, Key=key, Body=b"1")
    corrected: list[str] = []

    def correct_until_stopped(store: Store, bucket: Bucket, key: str) -> None:
        if key == "in/d" and not corrected.count("stopped"):
            corrected.append("stopped")
            raise SystemExit(130)
        corrected.append(key)
        correct(store, bucket, key)

    monkeypatch.setattr(settled_comparison, "correct", correct_until_stopped)
    with pytest.raises(SystemExit):
        run()
    assert run.unfinished
    s3.delete_object(Bucket=run.entry.bucket, Key="in/a")  # It has been compared.
    run()
    assert corrected == ["in/c", "stopped", "in/d"]
    assert len(run.backfills) == 1
    assert capsys.readouterr().out.endswith("EQUAL: 4 keys compared, 2 of them corrected.\n")
    assert not run.unfinished


def _advance(run: Run) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        run.deployment.now += seconds

    return pause
