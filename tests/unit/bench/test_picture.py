"""The picture of the results."""

import re

from bench import picture
from bench.row import Goal, Row, Spread


def bars(ratio: float, goal: Goal) -> tuple[str, float, float, float]:
    """The kind of the bar of a row, its two ends, and the place of the goal."""
    figure = Spread(ratio, ratio, ratio)
    drawn = picture.draw([Row("group", "what", "us", figure, "peer", figure, figure, goal)])
    [(kind, start, width)] = re.findall(
        r'<rect class="(met|missed)" x="(.+?)".* width="(.+?)"', drawn
    )
    [place] = re.findall(r'class="goal" d="M([\d.]+) ', drawn)
    return kind, float(start), float(start) + float(width), float(place)


def test_less_is_to_the_left_of_the_peer_and_more_to_the_right() -> None:
    # The axis goes from 0.01 at 400 to 10 at 740: the peer is two thirds on it.
    assert bars(0.01, Goal(0.1)) == ("met", 400, 626.7, 513.3)
    assert bars(10, Goal(1)) == ("missed", 626.7, 740, 626.7)


def test_of_a_speed_less_is_drawn_as_more_time() -> None:
    assert bars(0.1, Goal(1, at_least=True)) == ("missed", 626.7, 740, 626.7)
    assert bars(100, Goal(10, at_least=True)) == ("met", 400, 626.7, 513.3)


def test_what_is_beyond_the_axis_ends_with_it() -> None:
    assert bars(0.0001, Goal(1))[1] == 400
    assert bars(1000, Goal(1))[2] == 740


def test_rows_without_a_goal_beside_a_peer_are_not_drawn() -> None:
    figure = Spread(1, 1, 1)
    alone = Row("group", "what", "ms", figure, goal=Goal(6, "ms"))
    shown = Row("group", "what", "ms", figure, "peer", figure, figure)
    assert '<rect class="m' not in picture.draw([alone, shown])


def test_text_is_escaped() -> None:
    figure = Spread(1, 1, 1)
    row = Row("group", "`a` < b & c", "ms", figure, "peer", figure, figure, Goal(1))
    assert ">a &lt; b &amp; c<" in picture.draw([row])
