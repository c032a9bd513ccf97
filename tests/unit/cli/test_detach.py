"""What `detach` shows, refuses and does, for a catalog with a bucket of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import Result

from reinventure import cdk_cli
from reinventure.attaching import attach_progress, changed_deployment
from reinventure.attaching.attach_progress import AttachProgress
from reinventure.attaching.detachment import detach
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.cli import maintenance, repair_progress
from reinventure.cli.repair_progress import Progress
from reinventure.errors import UserError
from s3_catalog.model.scope import Entry
from s3_catalog.totals import recount
from s3_catalog.totals.tally import Total
from s3_catalog.totals.totals_table import TotalsTable
from tests.unit.attaching.attached_catalog import OTHERS, AttachedCatalog
from tests.unit.attachment.bucket_model import SWITCH, document
from tests.unit.cli.content import add_row
from tests.unit.cli.existing_buckets import ExistingBuckets

Run = Callable[..., Result]


@pytest.fixture
def existing(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExistingBuckets]:
    with ExistingBuckets(catalog, monkeypatch) as buckets:
        yield buckets


class Attached:
    """A catalog with its own bucket and `bucket`, which has two rows; `attach` turned it on."""

    def __init__(self, existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch) -> None:
        self.existing = existing
        self.bucket = existing.add()
        self.url = f"s3://{self.bucket}"
        self.deployment = AttachedCatalog(
            existing, monkeypatch, setting=f"create,{self.bucket}", configuration=OTHERS
        )
        existing.configuration = document(*OTHERS, SWITCH)
        existing.resources = {
            "Custom::EventBridgeSwitch": [("Attached", f"{self.bucket}:switched-on")],
            "AWS::Events::Rule": [("AttachedRule", "ours")],
        }
        add_row(self.chosen, "a")
        add_row(self.chosen, "b/ü")
        add_row(existing.catalog, "own")

    @property
    def chosen(self) -> DeployedCatalog:
        return replace(self.deployment.catalog, chosen=self.bucket)

    def rows(self) -> list[str | None]:
        """The keys of the bucket that have a row of an object."""
        rows = [self.chosen.store().read(self.bucket, key) for key in ("a", "b/ü")]
        return [row.key for row in rows if row and not row.deleted]


@pytest.fixture
def attached(
    existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Attached:
    attached = Attached(existing, monkeypatch)
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path))
    # No function counts meanwhile.
    monkeypatch.setattr(maintenance, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(recount, "LAG", 0)
    monkeypatch.setattr(changed_deployment, "of", lambda *_, **__: attached.deployment)
    return attached


def refusal(result: Result) -> str:
    """The one line of an error."""
    assert result.exit_code == 2, result.output
    [line] = result.stderr.splitlines()
    return line.removeprefix("reinventure: ")


def test_the_plan_changes_nothing(
    attached: Attached, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cdk_cli, "ROOT", tmp_path)  # There is no checkout.
    monkeypatch.setattr(TotalsTable, "total", lambda *_: Total("", 2, 1_234))
    shown = run("detach", attached.url, "--plan")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        f"bucket         {attached.url}, which stays, with its objects",
        "rows           2, of 1.2 kB, are removed from the catalog",
        "EventBridge    is turned off: it was off before the bucket was attached",
        'setting        "buckets": "create"',
        "               or, at each deployment: cdk deploy -c buckets=create",
    ]
    assert attached.deployment.deployed == []
    assert attached.rows() == ["a", "b/ü"]


def test_it_asks(attached: Attached, run: Run) -> None:
    result = run("detach", attached.url, typed="n\n")
    assert result.exit_code == 0
    assert result.stdout.endswith("Detach? [y/N]: n\nNothing detached.\n")
    assert attached.deployment.deployed == []
    assert refusal(run("detach", attached.url)) == (
        "there was no answer to the question: `--yes` answers it"
    )


def test_it_deploys_removes_the_rows_and_leaves_the_rest(attached: Attached, run: Run) -> None:
    progress = attach_progress.path_for(attached.chosen.table, Entry(attached.bucket))
    attach_progress.save(progress, AttachProgress("found"))
    result = run("detach", attached.url, typed="y\n")
    assert result.exit_code == 0, result.output
    assert attached.deployment.deployed == ["create"]
    assert attached.rows() == []
    own = attached.existing.catalog
    assert own.store().read(own.bucket, "own")
    assert result.stdout.splitlines()[-3:] == [
        f"EventBridge of {attached.url}: off.",
        f"The other notifications of {attached.url} (2) are as found.",
        f"Removed 2 rows of {attached.url}/ whose keys are not in the catalog any more.",
    ]
    assert not progress.exists()


@pytest.mark.parametrize(
    ("physical_id", "attached_too", "rule", "reason"),
    [
        ("found-on", "", "", "stays as it is: it was on before the bucket was attached"),
        ("switched-on", "in/", "", "stays on: s3://{}/in/ is attached"),
        ("switched-on", "", "theirs", "stays on: other rules may need it: theirs"),
    ],
)
def test_eventbridge_stays_on_for_others(
    attached: Attached, run: Run, physical_id: str, attached_too: str, rule: str, reason: str
) -> None:
    bucket, url = attached.bucket, attached.url
    if attached_too:
        url = f"{attached.url}/out/"
        attached.deployment.setting = f"create,{bucket}/in/,{bucket}/out/"
        attached.deployment.deploy()
    attached.existing.resources["Custom::EventBridgeSwitch"] = [
        ("Attached", f"{bucket}:{physical_id}"),
        ("Other", "other-bucket:switched-on"),
    ]
    attached.deployment.configuration = (*OTHERS, SWITCH)
    events = attached.existing.catalog.session.client("events")
    pattern = '{"source": ["aws.s3"]}'
    for name in ("ours", *([rule] if rule else [])):
        events.put_rule(Name=name, EventPattern=pattern)
    try:
        result = run("detach", url, "--yes")
    finally:
        for name in ("ours", *([rule] if rule else [])):
            events.delete_rule(Name=name)
    assert result.exit_code == 0, result.output
    outlook = reason.format(bucket)
    assert f"EventBridge    {outlook}\n" in result.stdout
    assert f"EventBridge of s3://{bucket}: on ({outlook.partition(': ')[2]}).\n" in result.stdout


def test_a_switch_that_stayed_on_is_said(attached: Attached, run: Run) -> None:
    attached.deployment.configuration = (*OTHERS, SWITCH)
    result = run("detach", attached.url, "--yes")
    assert "on (it was not turned off, the log of the function AttachedSwitch has the" in (
        result.stdout
    )


def test_a_lost_notification_is_an_error_that_names_it(attached: Attached, run: Run) -> None:
    attached.deployment.configuration = OTHERS[:1]
    error = refusal_after_output(run("detach", attached.url, "--yes"))
    assert "(missing: topic all)" in error
    assert attached.rows() == ["a", "b/ü"]
    assert run("detach", attached.url, "--yes").exit_code == 0
    assert attached.rows() == []


def refusal_after_output(result: Result) -> str:
    assert result.exit_code == 2, result.output
    return result.stderr.splitlines()[-1]


def test_a_bucket_that_is_gone_is_detached(attached: Attached, run: Run) -> None:
    attached.existing.refused["GetBucketNotificationConfiguration"] = "NoSuchBucket"
    result = run("detach", attached.url, "--yes")
    assert result.exit_code == 0, result.output
    assert attached.rows() == []
    assert f"EventBridge of {attached.url}: unknown, S3 answers NoSuchBucket.\n" in result.stdout


def test_a_failed_deployment_removes_no_row_and_can_be_repeated(
    attached: Attached, run: Run
) -> None:
    def fail() -> None:
        raise UserError("`cdk deploy` failed")

    attached.deployment.during = fail
    assert "failed" in refusal_after_output(run("detach", attached.url, "--yes"))
    assert attached.rows() == ["a", "b/ü"]
    attached.deployment.during = lambda: None
    assert run("detach", attached.url, "--yes").exit_code == 0
    assert attached.rows() == []


def test_an_interrupted_removal_continues_without_a_deployment(
    attached: Attached, run: Run
) -> None:
    attached.deployment.change(lambda _: "create")
    attached.existing.resources["Custom::EventBridgeSwitch"] = []
    assert attached.rows() == ["a", "b/ü"]
    result = run("detach", attached.url, "--yes")
    assert result.exit_code == 0, result.output
    # A deployment, perhaps by a pipeline, has decided on the switch, not this run.
    left = "the deployment that detached the bucket has left it so"
    assert f"EventBridge    stays as it is: {left}\n" in result.stdout
    assert f"EventBridge of {attached.url}: off.\n" in result.stdout
    assert attached.rows() == []
    assert attached.deployment.deployed == ["create"]
    assert refusal(run("detach", attached.url, "--yes")) == (
        f"{attached.url} is not attached, and no other bucket is"
    )


def test_a_run_killed_before_the_setting_was_kept_deploys_again(
    attached: Attached, run: Run
) -> None:
    both = attached.deployment.setting
    for _ in range(2):  # The second time there are no rows.
        attached.deployment.deployed.clear()
        attached.deployment.change(lambda _: "create")
        attached.deployment.setting = both
        result = run("detach", attached.url, "--yes")
        assert result.exit_code == 0, result.output
        assert attached.deployment.deployed == ["create", "create"]
        assert attached.deployment.setting == "create"


def test_the_progress_of_an_earlier_removal_does_not_count(attached: Attached, run: Run) -> None:
    path = repair_progress.path_for(attached.chosen.table, f"removal {attached.bucket}/")
    repair_progress.save(path, Progress("a", 0, 1))
    assert run("detach", attached.url, "--yes").exit_code == 0
    assert attached.rows() == []


def test_a_bucket_that_was_attached_during_the_question_stays(
    attached: Attached, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, listed = attached.deployment.catalog, attached.deployment.setting
    attached.deployment.setting = f"{listed},logs-prod"
    attached.deployment.deploy()
    attached.deployment.setting = listed
    monkeypatch.setattr(maintenance, "remove_left", lambda *_, **__: pytest.fail("removed"))
    with pytest.raises(UserError, match="only deployed: s3://logs-prod"):
        detach(Entry(attached.bucket), found, attached.deployment, maintenance.remove_left, "")
    assert attached.deployment.deployed == []


def test_what_cannot_be_detached_is_refused(attached: Attached, run: Run) -> None:
    own = attached.existing.catalog.bucket
    assert refusal(run("detach", f"s3://{own}", "--yes")) == (
        f"s3://{own} is the bucket of its own of the catalog, which only `make destroy` removes"
    )
    for url in ("s3://other-bucket", f"{attached.url}/in/"):
        assert refusal(run("detach", url, "--plan")) == (
            f"{url} is not attached; these are: {attached.url}"
        )
    assert "use s3://BUCKET or s3://BUCKET/PREFIX/" in refusal(run("detach", attached.bucket))
    assert refusal(run("detach", attached.url, "--plan", "--yes")).startswith("choose one:")
    attached.deployment.setting = f"create,logs-prod,{attached.bucket}"
    assert "not deployed: s3://logs-prod" in refusal_after_output(
        run("detach", attached.url, "--yes")
    )
    attached.deployment.setting = attached.bucket
    attached.deployment.deploy()
    assert "the catalog would have no bucket" in refusal(run("detach", attached.url, "--yes"))
    assert attached.deployment.deployed == []
