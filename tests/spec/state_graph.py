"""The state graph of a specification, as TLC dumps it: states, and the actions between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

State = dict[str, Any]
"""The value of each variable. A record is a dict, a sequence a tuple, a set a frozenset."""

_TOKEN = re.compile(r"\s*(<<|>>|\|->|\.\.|[\[\]{},]|\"[^\"]*\"|-?\d+|\w+)")
_STATE = re.compile(r'^(-?\d+) \[label="(.*?)"(?:,style = filled)?\];?$', re.MULTILINE)
_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edge:
    """A step by `action` from one state to another."""

    source: State
    action: str
    target: State


def edges(dump: Path) -> Iterator[Edge]:
    """Yield each edge of a file that TLC wrote with `-dump dot,actionlabels`."""
    text = dump.read_text(encoding="utf-8")
    states = {number: _state(label) for number, label in _STATE.findall(text)}
    for source, target, action in _EDGE.findall(text):
        yield Edge(states[source], action, states[target])


def _state(label: str) -> State:
    text = label.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    parts = re.split(r"^/\\ (\w+) = ", text, flags=re.MULTILINE)[1:]
    return {
        name: value(text) for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def value(text: str) -> Any:
    """Return the value that `text` writes in TLA+. Raises ValueError if it writes none."""
    tokens = _TOKEN.findall(text)
    found, end = _read(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"not a value: {text!r}")
    return found


def _read(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token == "<<":
        items, at = _items(tokens, at + 1, ">>")
        return tuple(items), at
    if token == "{":
        items, at = _items(tokens, at + 1, "}")
        return frozenset(items), at
    if token == "[":
        record = {}
        while token != "]":
            record[tokens[at + 1]], at = _read(tokens, at + 3)
            token = tokens[at]
        return record, at + 1
    if token.startswith('"'):
        return token[1:-1], at + 1
    if token in {"TRUE", "FALSE"}:
        return token == "TRUE", at + 1
    if tokens[at + 1 : at + 2] == [".."]:
        return frozenset(range(int(token), int(tokens[at + 2]) + 1)), at + 3
    return int(token), at + 1


def _items(tokens: list[str], at: int, end: str) -> tuple[list[Any], int]:
    items = []
    while tokens[at] != end:
        item, at = _read(tokens, at)
        items.append(item)
        at += tokens[at] == ","
    return items, at + 1
