"""A rule that could match an event of the bucket is never overlooked."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.attachment.matching_rules import matching_rules
from tests.event_pattern_matcher import matches


class Events:
    """EventBridge with rules on its default bus, two a page."""

    def __init__(self, patterns: Iterable[Any]) -> None:
        self.rules = [
            {"Name": f"rule-{n}", "State": "DISABLED", "EventPattern": json.dumps(pattern)}
            for n, pattern in enumerate(patterns)
        ]
        self.refusal: str | None = None

    def list_rules(self, **request: str) -> dict[str, Any]:
        assert request["EventBusName"] == "default"
        start = int(request.get("NextToken", 0))
        page: dict[str, Any] = {"Rules": self.rules[start : start + 2]}
        if start + 2 < len(self.rules):
            page["NextToken"] = str(start + 2)
        return page

    def test_event_pattern(self, *, EventPattern: str, Event: str) -> dict[str, Any]:  # noqa: N803
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, "TestEventPattern")
        event = json.loads(Event)
        needed = {"id", "account", "source", "time", "region", "resources", "detail-type"}
        assert needed <= event.keys()  # TestEventPattern, EventBridge API reference
        return {"Result": matches(json.loads(EventPattern), event)}


def found(events: Events, ours: Iterable[str] = ()) -> list[str]:
    return matching_rules(
        events,
        "photos",
        partition="aws",
        region="eu-west-1",
        account="123456789012",
        ours=set(ours),
    )


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3"]},
        {"source": [{"prefix": "aws."}]},
        {"source": [{"anything-but": ["aws.ec2"]}]},
        {"account": ["123456789012"]},
        {"region": ["eu-west-1"]},
        {"resources": [{"suffix": "photos"}]},
        {"detail-type": ["Object Deleted"]},
        {"detail-type": [{"prefix": "AWS API"}, "EC2"]},
        {"detail": {"bucket": {"name": [{"prefix": "pho"}]}}},
        {"detail": {"object": {"key": [{"suffix": ".jpg"}]}}},
        {"detail": {"$or": [{"bucket": {"name": ["logs"]}}, {"object": {"size": [0]}}]}},
        {"$or": [{"source": ["aws.ec2"]}, {"source": ["aws.s3"]}]},
        {"time": [{"prefix": "2030"}]},
        {"detail": [{"exists": True}]},
        {"detail.bucket.name": ["logs"]},
        {"$or": ["the name of a field"]},
    ],
)
def test_a_rule_that_could_match(pattern: dict[str, Any]) -> None:
    assert found(Events([pattern])) == ["rule-0"]


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": [{"anything-but": ["aws.s3"]}]},
        {"account": ["210987654321"]},
        {"region": ["us-east-1"], "source": ["aws.s3"]},
        {"resources": ["arn:aws:s3:::logs"]},
        {"source": ["aws.s3"], "detail-type": ["AWS API Call via CloudTrail"]},
        {"detail": {"bucket": {"name": ["logs", {"prefix": "photos-"}]}}},
        {"detail": {"$or": [{"bucket": {"name": ["logs"]}}, {"bucket": {"name": ["a"]}}]}},
        {"source": ["aws.s3"], "$or": [{"region": ["x"]}, {"detail": {"bucket": {"name": ["y"]}}}]},
    ],
)
def test_a_rule_that_cannot_match_an_event_of_the_bucket(pattern: dict[str, Any]) -> None:
    assert found(Events([pattern])) == []


def test_rules_of_all_pages_count_but_not_ours_nor_schedules() -> None:
    events = Events([{"source": ["aws.s3"]}] * 7)
    del events.rules[3]["EventPattern"]
    assert found(events, ours=["rule-1", "rule-6"]) == ["rule-0", "rule-2", "rule-4", "rule-5"]


def test_a_pattern_that_eventbridge_does_not_test_counts() -> None:
    events = Events([{"source": ["aws.s3"]}])
    events.refusal = "InvalidEventPatternException"
    assert found(events) == ["rule-0"]
    events.refusal = "AccessDeniedException"
    with pytest.raises(ClientError):
        found(events)


def values(*good: str) -> st.SearchStrategy[Any]:
    """Values of a field, of which some match."""
    texts = st.sampled_from([*good * 2, "other"])
    return st.lists(
        st.one_of(
            texts,
            texts.map(lambda text: {"prefix": text[:3]}),
            texts.map(lambda text: {"anything-but": [text]}),
        ),
        min_size=1,
        max_size=2,
    )


DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "bucket": st.fixed_dictionaries({"name": values("photos")}),
        "object": st.fixed_dictionaries({"key": values("a/b", "c")}),
    },
).filter(bool)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "source": values("aws.s3"),
        "region": values("eu-west-1"),
        "resources": values("arn:aws:s3:::photos"),
        "detail-type": values("Object Created", "Object Deleted"),
        "detail": st.one_of(
            DETAILS, st.lists(DETAILS, min_size=2, max_size=2).map(lambda each: {"$or": each})
        ),
    },
).filter(bool)
PATTERNS = st.one_of(
    FIELDS,
    st.builds(
        lambda fields, branches: {**fields, "$or": branches},
        FIELDS,
        st.lists(FIELDS, min_size=2, max_size=2),
    ),
)


@given(PATTERNS, st.sampled_from(["Object Created", "Object Deleted"]), st.sampled_from("ac"))
def test_a_rule_that_matches_an_event_of_the_bucket_is_found(
    pattern: dict[str, Any], kind: str, key: str
) -> None:
    event = {
        "source": "aws.s3",
        "account": "123456789012",
        "region": "eu-west-1",
        "resources": ["arn:aws:s3:::photos"],
        "detail-type": kind,
        "detail": {"bucket": {"name": "photos"}, "object": {"key": f"{key}/b"}},
    }
    if matches(pattern, event):
        assert found(Events([pattern])) == ["rule-0"]
