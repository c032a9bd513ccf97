"""What a watcher asks for, and what it has seen before."""

from typing import Any

import pytest

from reinventure.aws import change_watcher as watch
from reinventure.aws.change_watcher import Order, filter_policy


def message(key: str, sequencer: str, asked_at: int | None = None) -> dict[str, Any]:
    return {"key": key, "sequencer": sequencer, "asked_at": asked_at}


def test_a_change_is_new_if_it_is_later_than_all_of_its_key() -> None:
    order = Order()
    told = [
        (message("a", "1"), True),
        (message("a", "1"), False),
        (message("b", "1"), True),
        (message("a", "1", 5), True),
        (message("a", "1"), False),
        (message("a", "2"), True),
        (message("a", "1", 9), False),
        (message("a", "2", 1), True),
    ]
    assert [order.is_new(each) for each, _ in told] == [new for _, new in told]


def test_it_remembers_the_keys_that_changed_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_REMEMBERED", 2)
    order = Order()
    for key, number in (("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")):
        assert order.is_new(message(key, number))
    assert not order.is_new(message("a", "2"))
    assert order.is_new(message("b", "1"))


@pytest.mark.parametrize(
    ("prefix", "policy"),
    [
        ("", None),
        ("logs/", {"key": [{"prefix": "logs/"}]}),
        ('a "quoted" one', {"key": [{"prefix": "a "}]}),
        ("back\\slash", {"key": [{"prefix": "back"}]}),
        ('"', None),
        ("bell\x07", {"key": [{"prefix": "bell\ufffd"}]}),
        ("ü/🚀", {"key": [{"prefix": "ü/🚀"}]}),
    ],
)
def test_the_filter_lets_through_at_least_what_was_asked_for(prefix: str, policy: object) -> None:
    assert filter_policy(prefix) == policy
