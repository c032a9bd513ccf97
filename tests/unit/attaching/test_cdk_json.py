"""The setting `buckets` in cdk.json, whose other bytes stay."""

import errno
import json
import os
from pathlib import Path

import pytest

from reinventure.attaching import cdk_json
from reinventure.errors import UserError
from tests.assembly import ROOT


def test_the_setting_of_the_checkout_is_found_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "cdk.json"
    content = (ROOT / "cdk.json").read_bytes()
    path.write_bytes(content)
    before = cdk_json.buckets(path)
    cdk_json.replace_buckets(path, "create,photos-prod")
    assert cdk_json.buckets(path) == "create,photos-prod"
    changed = path.read_bytes()
    assert [
        pair
        for pair in zip(content.split(b"\n"), changed.split(b"\n"), strict=True)
        if pair[0] != pair[1]
    ] == [(b'    "buckets": "%s",' % before.encode(), b'    "buckets": "create,photos-prod",')]
    cdk_json.replace_buckets(path, before)
    assert path.read_bytes() == content


ELSEWHERE = (
    # The name stands in other places, before and after.
    b'{"note": "\\"buckets\\": \\"x\\"", "buckets": "y",\r\n'
    b'\t"context" : {"a": {"buckets": "z"}, "buckets"\n:\t%s, "b": 1.0}}'
)
TWICE = b'{"context": {"buckets": "a", "buckets": %s}}\n\n'
"""The last one is the one that counts."""


@pytest.mark.parametrize("text", [ELSEWHERE, TWICE])
@pytest.mark.parametrize("before", [b'"create"', b'"b\\u002fc\\"/"', b'""'])
def test_only_the_value_that_counts_is_replaced(tmp_path: Path, text: bytes, before: bytes) -> None:
    path = tmp_path / "cdk.json"
    path.write_bytes(text % before)
    cdk_json.replace_buckets(path, "logs/ü/")
    assert path.read_bytes() == text % b'"logs/\xc3\xbc/"'


def test_a_link_stays_one_and_the_mode_of_its_file(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text('{"context": {"buckets": "create"}}')
    real.chmod(0o640)
    link = tmp_path / "cdk.json"
    link.symlink_to(real)
    cdk_json.replace_buckets(link, "create,a-bucket")
    assert link.is_symlink()
    assert cdk_json.buckets(real) == "create,a-bucket"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cdk.json", "real.json"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "has no setting `buckets`"),
        ("{}", "has no setting `buckets`"),
        ('{"context": {}}', "has no setting `buckets`"),
        ('{"context": {"buckets": ["create"]}}', "has no setting `buckets`"),
        ('{"context": {"b\\u0075ckets": "create"}}', "has no setting `buckets`"),
    ],
)
def test_a_file_without_the_setting_is_an_error_and_stays(
    tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(content)
    with pytest.raises(UserError, match=reason):
        cdk_json.replace_buckets(path, "create")
    assert path.read_text() == content


def test_a_full_disk_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(content := json.dumps({"context": {"buckets": "create"}}))

    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"No space left on device: '.*cdk\.json\.new'"):
        cdk_json.replace_buckets(path, "create,a-bucket")
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]
