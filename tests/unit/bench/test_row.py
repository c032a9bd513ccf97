"""Goals, spreads and figures of a row of the results."""

import pytest

from bench.row import Goal, Row, Spread, compared, number


def row(median: float, goal: Goal) -> Row:
    figure = Spread(median, 0, 1000)
    return Row("group", "what", "ms", figure, ratio=Spread(median / 10, 0, 1000), goal=goal)


@pytest.mark.parametrize(
    ("goal", "met", "missed"),
    [
        (Goal(6, "ms"), 6, 6.01),
        (Goal(6, "ms", at_least=True), 6, 5.99),
        (Goal(0.5), 5, 5.01),
        (Goal(0.5, at_least=True), 5, 4.99),
    ],
)
def test_a_goal_is_met_up_to_its_limit(goal: Goal, met: float, missed: float) -> None:
    assert row(met, goal).met is True
    assert row(missed, goal).met is False


def test_without_a_goal_nothing_is_met_or_missed() -> None:
    assert Row("group", "what", "ms", Spread(1, 1, 1)).met is None


def test_a_ratio_needs_a_peer() -> None:
    alone = Row("group", "what", "ms", Spread(1, 1, 1), goal=Goal(1))
    with pytest.raises(ValueError, match="needs a peer"):
        _ = alone.met


def test_a_ratio_is_of_the_figures_of_one_round() -> None:
    # The machine was half as fast in the second round: the ratio stays.
    found = compared("group", "what", "ms", ours=[1, 2, 1.5], peer="peer", theirs=[4, 8, 6])
    assert found.ours == Spread(1.5, 1, 2)
    assert found.theirs == Spread(6, 4, 8)
    assert found.ratio == Spread(0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.01667, "0.0167"), (0.3, "0.3"), (2, "2"), (12.34, "12.3"), (0, "0")),
        *((123.4, "123"), (12345.6, "12,346"), (99.96, "100"), (0.00001234, "0.00001")),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text
