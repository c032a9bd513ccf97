"""docs/library.md, word by word: each example is run, and prints what the page shows."""

import re
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from reinventure.aws import change_watcher, deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.totals.tally import Tally
from tests.assembly import ROOT
from tests.unit.cli.content import add_row, put_object
from tests.unit.library.messages import message

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

BUCKET = "photos-prod"


@pytest.fixture
def documented(
    catalog: DeployedCatalog, published: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The catalog of the page: three rows, and an object without one."""
    outputs = replace(catalog.outputs, bucket_name=BUCKET)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    here = DeployedCatalog(catalog.session, catalog.stack, outputs)
    here.s3.create_bucket(Bucket=BUCKET)
    for key, size, at, etag in (
        (
            "holiday/beach.jpg",
            2_400_000,
            "2026-11-20T09:30:00.000Z",
            "92eb5ffee6ae2fec3ad71c777531578f",
        ),
        (
            "holiday/lake.jpg",
            1_800_000,
            "2026-11-23T10:16:00.000Z",
            "0cc175b9c0f1b6a831c399e269772661",
        ),
    ):
        image = InspectionResult(at, content_type="image/jpeg")
        add_row(here, key, size=size, event_time=at, etag=etag, inspected=image)
    put_object(here, "logs/kept.txt", b"." * 500)
    here.s3.put_object(Bucket=BUCKET, Key="logs/lost.txt", Body=b"lost")
    for folder, objects, size in (("holiday/", 2, 4_200_000), ("logs/", 1, 500)):
        assert here.totals().correct(BUCKET, folder, Tally(objects, size), None)
    created = message(here, "holiday/sunset.jpg", "1")
    later = {"time": "2026-11-23T10:17:00.000Z", "old": created["new"], "new": None}
    deleted = {**created, "sequencer": "2", "kind": "deleted", **later}
    published += [created, deleted]
    # A minute passes in a second.
    monkeypatch.setattr(change_watcher, "POLL_SECONDS", 1)
    real = time.monotonic
    monkeypatch.setattr("reinventure.library.time.monotonic", lambda: real() * 60)
    yield
    for each in ("logs/kept.txt", "logs/lost.txt"):
        here.s3.delete_object(Bucket=BUCKET, Key=each)
    here.s3.delete_bucket(Bucket=BUCKET)


def test_every_example_of_the_page_prints_what_it_shows(documented: None) -> None:
    assert len(EXAMPLES) == PAGE.count("```python") == 6
    names: dict[str, Any] = {}
    for code, shown in EXAMPLES:
        output = StringIO()
        with redirect_stdout(output):
            exec(compile(code, "docs/library.md", "exec"), names)  # noqa: S102 (our own page)
        assert output.getvalue() == shown
