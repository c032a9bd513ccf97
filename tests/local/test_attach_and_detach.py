"""Attaching a bucket to the running catalog, and detaching it: it is left as it was found.

By the commands that docs/buckets.md shows, with a prefix of another bucket.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

import boto3
import pytest

from reinventure.attaching import changed_deployment
from reinventure.aws import deployed_catalog as deployed
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.local.cloud import Cloud
from reinventure.local.convergence import wait_until_equal
from tests.local.command import run
from tests.local.existing_bucket import Existing
from tests.local.shown_commands import PROMPT, Shown, shape, shown
from tests.waiting import PATIENCE

ODD = [
    "in/ ",
    "in/%2F?versions#x&y=+",
    "in/'\"<&>",
    "in//a//",
    "in/\u2028🚀",
    "in/ü + 1.jpg",
]


HOLIDAY = ["in/holiday/sunrise.png", "in/holiday/sunset over sea.png"]


@contextmanager
def _written(existing: Existing) -> Iterator[None]:
    """Put and delete objects in and out of the prefix."""
    stop = Event()
    writer = Thread(target=_write, args=(existing, stop))
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def _write(existing: Existing, stop: Event) -> None:
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
    for key in (*ODD, *HOLIDAY):
        existing.s3.put_object(Bucket=existing.name, Key=key, Body=b"before")
    url = f"s3://{existing.name}/in/"
    notifications = catalog.notifications()
    found = notifications.read(existing.name)
    assert (len(found.entries), found.on) == (1, False)

    attach, *looks, detach = shown("Attaching a bucket of yours in ten minutes")
    commands = ["attach", "buckets", "ls", "du", "find", "find", "find", "verify", "buckets"]
    assert [each.arguments[0] for each in (attach, *looks)] == commands
    assert detach.arguments[0] == "detach"
    # The others show what was changed meanwhile in that bucket, and no other.
    looks = looks[:4]

    def command(*arguments: str, answer: str = "") -> tuple[str, str]:
        ended = run(*arguments, environment=cloud.environment, answer=answer)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout, ended.stderr

    def as_shown(each: Shown) -> str:
        arguments = (re.sub("s3://photos-prod/?", url, argument) for argument in each.arguments)
        output, errors = command(*arguments, answer=each.answer)
        # The command ends the line of its question only where a person does not.
        seen = output.replace(PROMPT, f"{PROMPT}{each.answer}\n").replace(" in/", " ")
        seen += "".join(line for line in errors.splitlines(True) if not line.endswith(" ...\n"))
        assert shape(seen) == shape(each.output)
        return output

    with _written(existing):
        lines = as_shown(attach).splitlines()
    [kept] = (tmp_path / "notifications").iterdir()
    assert any(str(kept) in line for line in lines)
    assert kept.read_bytes() == found.content
    now = notifications.read(existing.name)
    assert (now.entries, now.on) == (found.entries, True)
    attached = deployed.find(session, catalog.stack).choose(existing.name)
    assert wait_until_equal(attached, PATIENCE) == []
    keys = [row.key for row in attached.rows()]
    assert {*ODD, *HOLIDAY, "in/before + ü.jpg"} <= set(keys)
    assert not [key for key in keys if not key.startswith("in/")]

    for each in looks:
        as_shown(each)

    plan, _ = command("detach", url, "--plan")
    assert as_shown(detach).startswith(plan)
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
