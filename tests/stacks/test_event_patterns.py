"""The EventBridge patterns of a scope match its events, and no others."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.event_patterns import DETAIL_TYPES, MAX_CHARACTERS, Pattern, patterns
from s3_catalog.model import scope
from s3_catalog.model.scope import Entry, Scope
from tests.event_pattern_matcher import matches
from tests.scopes import KEYS, NAMES, SCOPES


def event(bucket: str, key: str, kind: str = "Object Created") -> dict[str, Any]:
    return {
        "source": "aws.s3",
        "detail-type": kind,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": 5}},
    }


def entries(pattern: Pattern) -> set[Entry]:
    """What a pattern selects."""
    detail = pattern["detail"]
    return {
        Entry(bucket, key["prefix"])
        for each in detail.get("$or", [detail])
        for bucket in each["bucket"]["name"]
        for key in each.get("object", {"key": [{"prefix": ""}]})["key"]
    }


def broad(seed: int) -> Scope:
    """A scope with so many long names and prefixes that it needs several rules."""
    chance = Random(seed)  # noqa: S311
    return scope.of(
        Entry(f"{n:03}-{'b' * 50}", chance.choice(["", f"{'p' * chance.randrange(200)}/"]))
        for n in chance.sample(range(300), chance.randrange(20, 50))
    )


BROAD = st.builds(broad, st.integers(0, 1_000_000))


@given(st.one_of(SCOPES, BROAD), NAMES, KEYS)
def test_an_event_matches_one_pattern_if_its_key_is_in_the_scope(
    each: Scope, bucket: str, key: str
) -> None:
    places = [(bucket, key), *((entry.bucket, entry.prefix + key) for entry in each.entries)]
    for place in places:
        for kind in DETAIL_TYPES:
            found = [matches(pattern, event(*place, kind)) for pattern in patterns(each).values()]
            assert sum(found) == (place in each)


def test_other_events_of_the_bucket_match_none() -> None:
    [pattern] = patterns(scope.parse("photos,logs/a/")).values()
    assert matches(pattern, event("logs", "a/b c"))
    assert not matches(pattern, event("logs", "a/b", "Object Tags Added"))
    assert not matches(pattern, {**event("photos", "a"), "source": "mine"})


def test_the_pattern_of_a_small_scope_is_one() -> None:
    assert patterns(scope.parse("photos,videos,logs/a/,logs/b/")) == {
        "": {
            "source": ["aws.s3"],
            "detail-type": list(DETAIL_TYPES),
            "detail": {
                "$or": [
                    {"bucket": {"name": ["photos", "videos"]}},
                    {
                        "bucket": {"name": ["logs"]},
                        "object": {"key": [{"prefix": "a/"}, {"prefix": "b/"}]},
                    },
                ]
            },
        }
    }
    assert patterns(scope.parse("photos"))[""]["detail"] == {"bucket": {"name": ["photos"]}}
    assert patterns(scope.parse("")) == {}


@given(BROAD)
def test_no_pattern_exceeds_the_quota_and_each_entry_is_in_one(each: Scope) -> None:
    found = patterns(each)
    assert all(
        len(json.dumps(pattern, separators=(",", ":"))) <= MAX_CHARACTERS
        for pattern in found.values()
    )
    selected = [entry for pattern in found.values() for entry in entries(pattern)]
    assert sorted(selected) == list(each.entries)


@given(BROAD, st.data())
def test_a_rule_that_stays_keeps_each_entry_that_stays(each: Scope, data: st.DataObject) -> None:
    """Else an event could match neither the old rule nor the new one while both are changed."""
    gone = data.draw(st.sampled_from(each.entries))
    smaller = scope.of(entry for entry in each.entries if entry != gone)
    for before, after in ((each, smaller), (smaller, each)):
        old, new = patterns(before), patterns(after)
        for name in old.keys() & new.keys():
            assert entries(old[name]) - {gone} == entries(new[name]) - {gone}


def test_the_order_of_the_setting_has_no_effect() -> None:
    text = [f"bucket-{n}-{'x' * 40}" for n in range(50)]
    found = patterns(scope.parse(",".join(text)))
    assert found == patterns(scope.parse(",".join(reversed(text))))
    # Pinned: other bits would replace the rules of every deployed catalog.
    assert sorted(found) == ["0", "1"]


def test_broad_scopes_need_several_rules() -> None:
    assert {len(patterns(broad(seed))) for seed in range(100)} >= {2, 3, 4, 5}


def test_a_prefix_that_fills_a_pattern_is_refused_by_name() -> None:
    fits = f"logs/{'é' * 280}/"
    assert list(patterns(scope.parse(fits))) == [""]
    with pytest.raises(ValueError, match=r"logs/é+/': the prefix is too long for an EventBridge"):
        patterns(scope.parse(f"logs/{'é' * 400}/"))
