"""Attaching a bucket to the running catalog, and detaching it: it is left as it was found."""

import re
from itertools import count
from pathlib import Path
from threading import Event, Thread

import boto3
import pytest

from reinventure.attaching import changed_deployment, found_notifications
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
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


def _write(existing: Existing, stop: Event) -> None:
    """Put and delete objects in and out of the prefix until `stop` is set."""
    for number in count():
        if stop.wait(0.02):  # The emulator needs some time for the deployment.
            return
        key = f"{'in' if number % 3 else 'out'}/written/{number % 50}"
        if number % 7:
            existing.s3.put_object(Bucket=existing.name, Key=key, Body=b"x" * number)
        else:
            existing.s3.delete_object(Bucket=existing.name, Key=key)


def test_a_bucket_is_attached_and_left_as_it_was_found(
    cloud: Cloud,
    session: boto3.Session,
    catalog: DeployedCatalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("typer.get_app_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(changed_deployment, "LOCAL", cloud.directory)
    existing = Existing(session)
    for key in ODD:
        existing.s3.put_object(Bucket=existing.name, Key=key, Body=b"before")
    url = f"s3://{existing.name}/in/"
    notifications = found_notifications.notifications(catalog)
    found = notifications.read(existing.name)
    assert (len(found.entries), found.on) == (1, False)

    def command(*arguments: str) -> str:
        ended = run(*arguments, environment=cloud.environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    stop = Event()
    writer = Thread(target=_write, args=(existing, stop))
    writer.start()
    try:
        lines = command("attach", url, "--yes").splitlines()
    finally:
        stop.set()
        writer.join()
    assert re.fullmatch(r"EQUAL: \d+ keys compared(, \d+ of them corrected)?\.", lines[-1])
    [kept] = (tmp_path / "notifications").iterdir()
    assert any(str(kept) in line for line in lines)
    assert kept.read_bytes() == found.content
    now = notifications.read(existing.name)
    assert (now.entries, now.on) == (found.entries, True)
    attached = deployed.find(session, catalog.stack).choose(existing.name)
    assert wait_until_equal(attached, PATIENCE) == []
    keys = [row.key for row in attached.rows()]
    assert {*ODD, "in/before + ü.jpg"} <= set(keys)
    assert not [key for key in keys if not key.startswith("in/")]

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
