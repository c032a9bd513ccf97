"""DynamoDB's conditions in both languages, expressions and PartiQL.

The conditions are parsed and evaluated, so a mutated condition has the same effect as in DynamoDB.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Value = Mapping[str, Any]
"""A value in DynamoDB's format, such as {"S": "text"}."""

Item = Mapping[str, Value]
Test = Callable[[Item, Item], bool]
"""Whether an item (first argument) fulfils a condition with some values (second argument)."""

_TOKEN = re.compile(
    r"""\s*( '[^']*' | "[^"]+" | [:\#]?[A-Za-z_]\w* | <> | <= | >= | [=<>(),?{}:] )""", re.VERBOSE
)
_COMPARE = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


class Tokens:
    """The words of a text, in order.

    Each `?` gets its position as a name, from `?0` on, so that it is a value like the others.
    """

    def __init__(self, text: str) -> None:
        self._words: list[str] = []
        position = parameters = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match:
                raise ValueError(f"no word at {text[position:]!r}")
            word, position = match[1], match.end()
            if word == "?":
                word, parameters = f"?{parameters}", parameters + 1
            self._words.append(word)
        self._next = 0

    def peek(self) -> str:
        """Return the next word, or "" at the end."""
        return self._words[self._next] if self._next < len(self._words) else ""

    def take(self, *expected: str) -> str:
        """Take and return the next word, which must be one of `expected`, if given."""
        word = self.peek()
        if expected and word.upper() not in expected:
            raise ValueError(f"{word!r} instead of {expected}")
        self._next += 1
        return word

    def rest(self) -> list[str]:
        """Return the remaining words without taking them."""
        return self._words[self._next :]

    def accept(self, word: str) -> bool:
        """Take the next word if it is `word`; return whether it is."""
        found = self.peek().upper() == word
        self._next += found
        return found


@lru_cache
def condition(text: str) -> Test:
    """Return the test in `text`."""
    tokens = Tokens(text)
    test = parse(tokens)
    if tokens.peek():
        raise ValueError(f"{tokens.peek()!r} after the end of a condition")
    return test


@lru_cache
def values_in(text: str) -> frozenset[str]:
    """Return the names of the values in `text`."""
    tokens, names = Tokens(text), set()
    while word := tokens.peek():
        tokens.take()
        if word[0] in ":?" and len(word) > 1:
            names.add(word)
    return frozenset(names)


def parse(tokens: Tokens) -> Test:
    """Take a whole condition from `tokens`."""
    tests = [_conjunction(tokens)]
    while tokens.accept("OR"):
        tests.append(_conjunction(tokens))
    return tests[0] if len(tests) == 1 else _combined(any, tests)


def _conjunction(tokens: Tokens) -> Test:
    tests = [_negation(tokens)]
    while tokens.accept("AND"):
        tests.append(_negation(tokens))
    return tests[0] if len(tests) == 1 else _combined(all, tests)


def _combined(of: Callable[[Iterable[bool]], bool], tests: list[Test]) -> Test:
    return lambda item, values: of(test(item, values) for test in tests)


def _negation(tokens: Tokens) -> Test:
    if tokens.accept("NOT"):
        negated = _negation(tokens)
        return lambda item, values: not negated(item, values)
    if tokens.accept("("):
        test = parse(tokens)
        tokens.take(")")
        return test
    return _function(tokens) if tokens.peek() in _FUNCTIONS else _comparison(tokens)


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda found: found is not None,
    "attribute_not_exists": lambda found: found is None,
    "begins_with": lambda found, prefix: found is not None and found["S"].startswith(prefix["S"]),
}


def _function(tokens: Tokens) -> Test:
    function = _FUNCTIONS[tokens.take()]
    tokens.take("(")
    arguments = [_operand(tokens)]
    while tokens.accept(","):
        arguments.append(_operand(tokens))
    tokens.take(")")
    return lambda item, values: function(*(argument(item, values) for argument in arguments))


def _comparison(tokens: Tokens) -> Test:
    left = _operand(tokens)
    if tokens.accept("IS"):
        negated = tokens.accept("NOT")
        tokens.take("MISSING")
        return lambda item, values: (left(item, values) is None) != negated
    sign = tokens.take(*_COMPARE)
    right = _operand(tokens)
    return lambda item, values: _holds(sign, left(item, values), right(item, values))


def _operand(tokens: Tokens) -> Callable[[Item, Item], Value | None]:
    word = tokens.take()
    if word[:1] in {":", "?"}:
        return lambda _, values: values[word]
    name = word.strip('"')
    return lambda item, _: item.get(name)


def _holds(sign: str, left: Value | None, right: Value | None) -> bool:
    """Compare as DynamoDB does: missing values, or two of different types, are only unequal."""
    if left is None or right is None or left.keys() != right.keys():
        return sign == "<>"
    [(kind, one)], [other] = left.items(), right.values()
    if kind == "N":
        one, other = Decimal(one), Decimal(other)
    return bool(_COMPARE[sign](one, other))
