"""The state graph of a specification, as TLC dumps it: states, and the actions between them."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

State = dict[str, Any]
"""The value of each variable. A record is a dict, a sequence a tuple, a set a frozenset."""

_WORD = re.compile(r"\s*(<<|>>|\|->|\.\.|[\[\]{},]|\"[^\"]*\"|-?\d+|\w+)")
_STATE = re.compile(r'^(-?\d+) \[label="(.*?)"(?:,style = filled)?\];?$', re.MULTILINE)
_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="(\w+)"', re.MULTILINE)


class Graph:
    """The states and steps of a file that TLC wrote with `-dump dot,actionlabels`.

    A state is read when it is asked for: a file may have hundreds of thousands.
    """

    def __init__(self, dump: Path) -> None:
        text = dump.read_text(encoding="utf-8")
        self._labels: dict[str, str] = dict(_STATE.findall(text))
        self._states: dict[str, State] = {}
        self._steps: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for source, target, action in _EDGE.findall(text):
            self._steps[source].append((action, target))

    @property
    def numbers(self) -> list[str]:
        """The numbers of all states, in the order in which TLC visited them."""
        return list(self._labels)

    def state(self, number: str) -> State:
        """Return the state `number`."""
        if number not in self._states:
            self._states[number] = _state(self._labels[number])
        return self._states[number]

    def steps(self, number: str) -> list[tuple[str, str]]:
        """Return the steps from the state `number`: an action, and the number of a state, each."""
        return self._steps[number]


def _state(label: str) -> State:
    text = label.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
    parts = re.split(r"^/\\ (\w+) = ", text, flags=re.MULTILINE)[1:]
    return {name: value(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def value(text: str) -> Any:
    """Return the value that `text` writes in TLA+. Raises ValueError if it writes none."""
    words = _WORD.findall(text)
    found, end = _read(words, 0)
    if end != len(words):
        raise ValueError(f"not a value: {text!r}")
    return found


def _read(words: list[str], at: int) -> tuple[Any, int]:
    word = words[at]
    if word in {"<<", "{"}:
        items, at = _items(words, at + 1, ">>" if word == "<<" else "}")
        return (tuple(items) if word == "<<" else frozenset(items)), at
    if word == "[":
        record = {}
        while word != "]":
            record[words[at + 1]], at = _read(words, at + 3)
            word = words[at]
        return record, at + 1
    if word.startswith('"'):
        return word[1:-1], at + 1
    if word in {"TRUE", "FALSE"}:
        return word == "TRUE", at + 1
    if words[at + 1 : at + 2] == [".."]:
        return frozenset(range(int(word), int(words[at + 2]) + 1)), at + 3
    return int(word), at + 1


def _items(words: list[str], at: int, end: str) -> tuple[list[Any], int]:
    items = []
    while words[at] != end:
        item, at = _read(words, at)
        items.append(item)
        at += words[at] == ","
    return items, at + 1
