"""PartiQL's statements for writes: INSERT of a whole item, UPDATE of one by its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tests.simulator.expression import Item, Test, Tokens, parse

KEY = ("pk", "sk")


@dataclass(frozen=True)
class Statement:
    """The effect of a statement on the item with `key`: a parameter's name by attribute.

    `test` is the WHERE of an UPDATE, and None in an INSERT.
    """

    table: str
    key: Mapping[str, str]
    values: Mapping[str, str]
    removed: frozenset[str] = frozenset()
    test: Test | None = None

    def apply(self, old: Item | None, parameters: Item) -> Item | None:
        """Return the item that replaces `old`, or None if the statement is refused."""
        if (old is None) != (self.test is None):
            return None
        if old is not None and self.test and not self.test(old, parameters):
            return None
        kept = {name: value for name, value in (old or {}).items() if name not in self.removed}
        return {**kept, **{name: parameters[value] for name, value in self.values.items()}}


@lru_cache
def read(text: str) -> Statement:
    """Return the statement in `text`."""
    tokens = Tokens(text)
    return (
        _insert(tokens) if tokens.take("INSERT", "UPDATE").upper() == "INSERT" else _update(tokens)
    )


def _insert(tokens: Tokens) -> Statement:
    tokens.take("INTO")
    table = _name(tokens)
    tokens.take("VALUE")
    tokens.take("{")
    values: dict[str, str] = {}
    while not values or tokens.accept(","):
        name = tokens.take().strip("'")
        tokens.take(":")
        values[name] = tokens.take()
    tokens.take("}")
    return Statement(table, {name: values[name] for name in KEY}, values)


def _update(tokens: Tokens) -> Statement:
    table = _name(tokens)
    values: dict[str, str] = {}
    removed: set[str] = set()
    while tokens.take("SET", "REMOVE", "WHERE").upper() != "WHERE":
        name = _name(tokens)
        if tokens.accept("="):
            values[name] = tokens.take()
        else:
            removed.add(name)
    words = tokens.rest()
    key = {
        name: words[words.index(f'"{name}"') + 2]
        for name in KEY
        if words[words.index(f'"{name}"') + 1] == "="
    }
    return Statement(table, key, values, frozenset(removed), parse(tokens))


def _name(tokens: Tokens) -> str:
    return tokens.take().strip('"')
