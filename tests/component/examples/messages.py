"""Messages about one key, and the modules of the examples, with or without a mistake."""

from itertools import permutations
from types import ModuleType
from typing import Any

from tests.assembly import ROOT

Message = dict[str, Any]

KEY = "a folder/ä +.csv"


def message(
    sequencer: int, etag: str | None, *, asked_at: int | None = None, healed_at: int | None = None
) -> Message:
    """A message of docs/change.schema.json; without `etag`, of a deletion."""
    state = {"size": 1, "etag": etag, "version_id": None, "time": "2026-11-23T10:16:00.000Z"}
    return {
        "version": "1",
        "kind": "updated" if etag else "deleted",
        "bucket": "example-photos",
        "key": KEY,
        "sequencer": f"{sequencer:032X}",
        "asked_at": asked_at,
        "healed_at": healed_at,
        "time": "2026-11-23T10:16:00.000Z",
        "event": "ObjectCreated:Put" if etag else "ObjectRemoved:Delete",
        "changed": ["etag"] if etag else [],
        "old": state if etag is None else {**state, "etag": "before"},
        "new": state if etag else None,
    }


def lives(last: str | None) -> list[list[Message]]:
    """All orders in which four changes may come, some twice; the newest has the ETag `last`.

    Its row was healed, and looked up again: `healed_at` is greater than that of the first two, only
    `asked_at` is greater than that of the third.
    """
    life = [
        message(7, "first"),
        message(9, None if last else "second"),
        message(8, "third", asked_at=2_000, healed_at=2_000),
        message(8, last, asked_at=3_000, healed_at=2_000),
    ]
    return [[*order, *reversed(order[:3])] for order in permutations(life)]


def example(path: str, mistake: tuple[str, str] | None = None) -> Any:
    """The module in `path` of examples/; with a `mistake`, a text replaced by another one.

    Raises ValueError if the text to replace is not there once.
    """
    source = (ROOT / "examples" / path).read_text(encoding="utf-8")
    if mistake:
        right, wrong = mistake
        if source.count(right) != 1:
            # Not an AssertionError, which would pass for the mistake being found.
            raise ValueError(f"not once in {path}: {right}")
        source = source.replace(right, wrong)
    module = ModuleType("example")
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102 (it is the project's own)
    return module
