"""Named parameters become positional ones."""

import pytest

from reinventure.local.named_parameters import MissingError, by_position


@pytest.mark.parametrize(
    ("sql", "expected", "values"),
    [
        ("SELECT :a, :b, :a", "SELECT %s, %s, %s", [1, 2, 1]),
        ("SELECT ':a', \":a\", `:a`, '\\':a', 'it''s :a'", None, []),
        ("SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, %s", [2]),
        ("SELECT 1 /* :a\n */ # :a\n, :b", "SELECT 1 /* :a\n */ # :a\n, %s", [2]),
        ("SELECT '%' LIKE '%s', :a % 2", "SELECT '%%' LIKE '%%s', %s %% 2", [1]),
        ("SELECT '10:30'", None, []),
    ],
)
def test_parameters_become_positional_outside_of_quotes_and_comments(
    sql: str, expected: str | None, values: list[object]
) -> None:
    assert by_position(sql, {"a": 1, "b": 2}) == (expected or sql, values)


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(MissingError, match="absent"):
        by_position("SELECT :absent", {})
