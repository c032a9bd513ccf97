"""The order in which things are measured."""

from functools import partial

from bench.turns import in_turns


def test_every_other_round_runs_backwards() -> None:
    order: list[str] = []
    found = in_turns({name: partial(order.append, name) for name in "abc"}, 3)
    assert "".join(order) == "abccbaabc"
    assert found == {name: [None] * 3 for name in "abc"}


def test_results_are_in_the_order_of_the_rounds() -> None:
    counter = iter(range(10))
    assert in_turns({"a": counter.__next__, "b": counter.__next__}, 2) == {"a": [0, 3], "b": [1, 2]}
