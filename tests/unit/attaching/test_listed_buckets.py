"""Entries added to the setting `buckets`, and taken away."""

import json
import shlex

import pytest

from reinventure import bucket_list
from reinventure.attaching.listed_buckets import (
    line,
    option,
    require_as_deployed,
    with_entry,
    without_entry,
)
from reinventure.errors import UserError
from s3_catalog.model.scope import Entry

PHOTOS, LOGS = Entry("photos-prod"), Entry("logs-prod", "2026/")


def test_the_order_of_additions_does_not_count() -> None:
    one = with_entry(with_entry("create", PHOTOS), LOGS)
    assert one == "create,logs-prod/2026/,photos-prod"
    assert with_entry(with_entry("create", LOGS), PHOTOS) == one
    assert with_entry(" photos-prod , create", LOGS) == one
    assert with_entry(one, LOGS) == one


def test_what_was_added_is_taken_away() -> None:
    both = "logs-prod/2026/,photos-prod"
    assert without_entry(f"{both},create", LOGS) == "create,photos-prod"
    assert without_entry(both, PHOTOS) == "logs-prod/2026/"
    assert without_entry(both, Entry("logs-prod", "2025/")) == both
    with pytest.raises(UserError, match="without s3://photos-prod the catalog would have no buck"):
        without_entry("photos-prod", PHOTOS)


@pytest.mark.parametrize(
    ("value", "entry", "reason"),
    [
        ("create,logs-prod", LOGS, "'logs-prod/2026/' is part of 'logs-prod'"),
        ("logs-prod/2026/01/", LOGS, "'logs-prod/2026/01/' is part of 'logs-prod/2026/'"),
        (",".join(f"bucket-{n}" for n in range(32)), PHOTOS, "33 buckets and prefixes"),
        ("photos-prod", Entry("create"), "it cannot name a bucket 'create'"),
        ("create,", PHOTOS, "must be a comma-separated list"),
    ],
)
def test_a_list_against_the_rules_is_refused(value: str, entry: Entry, reason: str) -> None:
    with pytest.raises(UserError, match=f"^setting buckets: .*{reason}"):
        with_entry(value, entry)


@pytest.mark.parametrize(
    ("value", "deployed"),
    [
        ("create,photos-prod", "create,photos-prod"),
        ("create", "create,photos-prod"),
        ("create,photos-prod", "create"),
    ],
)
def test_the_setting_may_differ_from_the_deployed_one_by_the_entry(
    value: str, deployed: str
) -> None:
    require_as_deployed(value, bucket_list.parse(deployed), PHOTOS)


@pytest.mark.parametrize(
    ("value", "deployed", "difference"),
    [
        ("create", "create,logs-prod/2026/", r"\(only deployed: s3://logs-prod/2026/\)"),
        (
            "create,photos-prod",
            "create,logs-prod,photos-prod",
            r"\(only deployed: s3://logs-prod\)",
        ),
        ("logs-prod", "create,logs-prod", r"\(only deployed: create\)"),
        (
            "create,photos-prod/in/",
            "logs-prod",
            r"\(not deployed: create, s3://photos-prod/in/; only deployed: s3://logs-prod\)",
        ),
    ],
)
def test_more_than_the_entry_is_not_deployed(value: str, deployed: str, difference: str) -> None:
    with pytest.raises(UserError, match=difference):
        require_as_deployed(value, bucket_list.parse(deployed), PHOTOS)


def test_a_setting_is_shown_as_json_and_as_an_argument_of_a_shell() -> None:
    value = 'create,logs/a "\\ `b`\n\u202eü/'
    shown = line(value)
    assert json.loads(f"{{{shown}}}") == {"buckets": value}
    assert "\n" not in shown
    assert "\u202e" not in shown
    assert "ü" in shown
    assert shlex.split(option(value)) == ["-c", f"buckets={value}"]
