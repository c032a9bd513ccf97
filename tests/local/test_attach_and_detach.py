"""Attaching a bucket to the running catalog, and detaching it: it is left as it was found."""

import re
from pathlib import Path

import boto3
import pytest

from reinventure.attaching import attachment, changed_deployment, found_notifications
from reinventure.attaching.changed_deployment import LocalDeployment
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from reinventure.progress import Steps
from s3_catalog.model.scope import Entry
from s3_catalog.reconciliation.repair import reconcile
from tests.local.command import run
from tests.local.existing_bucket import Existing
from tests.waiting import PATIENCE

ODD = [
    "in/ ",
    "in/%2F?versions#x&y=+",
    "in/'\"<&>",
    "in//a//",
    "in/\u2028🚀",
    "in/ü + 1.jpg",
]


def test_a_bucket_is_attached_and_left_as_it_was_found(
    cloud: Cloud,
    session: boto3.Session,
    catalog: DeployedCatalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(changed_deployment, "LOCAL", cloud.directory)
    existing = Existing(session)
    for key in ODD:
        existing.s3.put_object(Bucket=existing.name, Key=key, Body=b"before")
    existing.s3.put_object(Bucket=existing.name, Key="in/deleted", Body=b"before")
    url, entry = f"s3://{existing.name}/in/", Entry(existing.name, "in/")
    notifications = found_notifications.notifications(catalog)
    found = notifications.read(existing.name)
    assert (len(found.entries), found.on) == (1, False)

    def backfill(each: DeployedCatalog, prefix: str, _: Steps, *, restart: bool) -> None:
        assert (each.bucket, prefix, restart) == (existing.name, "in/", True)
        existing.s3.put_object(Bucket=existing.name, Key="in/new", Body=b"while it is attached")
        for _done in reconcile(each.store(), each.stored(), prefix=prefix):
            existing.s3.delete_object(Bucket=existing.name, Key="in/deleted")

    attachment.attach(entry, catalog, LocalDeployment(cloud), backfill)
    lines = capsys.readouterr().out.splitlines()
    [kept] = (tmp_path / "notifications").iterdir()
    assert str(kept) in lines[0]
    assert kept.read_bytes() == found.content
    # The odd ones, the new one, that of `Existing`, and maybe the row of the deleted one.
    assert re.fullmatch(r"EQUAL: [89] keys compared(, \d of them corrected)?\.", lines[-1])
    now = notifications.read(existing.name)
    assert (now.entries, now.on) == (found.entries, True)
    many = deployed.find(session, catalog.stack)
    assert not attachment.is_unfinished(entry, many)
    attached = many.choose(existing.name)
    for key in ("in/later", ODD[0]):
        existing.s3.put_object(Bucket=existing.name, Key=key, Body=b"later")
    assert wait_until_equal(attached, PATIENCE) == []
    keys = [row.key for row in attached.rows()]
    assert keys == sorted(
        [*ODD, "in/before + ü.jpg", "in/new", "in/later"], key=lambda key: key.encode()
    )

    def command(*arguments: str) -> str:
        ended = run(*arguments, environment=cloud.environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    plan = command("detach", url, "--plan")
    assert "EventBridge    is turned off: it was off before the bucket was attached\n" in plan
    assert command("detach", url, "--yes").startswith(plan)
    after = notifications.read(existing.name)
    assert (after.entries, after.on) == (found.entries, False)
    assert deployed.find(session, catalog.stack).scope == catalog.scope
    for key in keys:
        row = catalog.store().read(existing.name, key)
        assert row is None or row.deleted
    assert {
        each["Key"] for each in existing.s3.list_objects_v2(Bucket=existing.name)["Contents"]
    } >= set(keys)
    again = run("detach", url, "--yes", environment=cloud.environment)
    assert again.returncode == 2
    assert again.stderr == f"reinventure: {url} is not attached, and no other bucket is\n"
    # The catalog works as before.
    catalog.s3.put_object(Bucket=catalog.bucket, Key="attach-and-detach/kept", Body=b"1")
    assert wait_until_equal(catalog, PATIENCE) == []
