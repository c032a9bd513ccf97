"""Remembering how far a long piece of work has come, so that it can go on after a kill."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import typer


@dataclass
class Progress:
    """How far a repair has come: all keys up to `after` are done.

    So many have been `compared`, and `repaired`, since it began.
    """

    after: str = ""
    compared: int = 0
    repaired: int = 0


def path_for(table: str, prefix: str) -> Path:
    """Return where the progress of repairing `prefix` of the catalog in `table` is kept."""
    name = sha256(f"{table}/{prefix}".encode()).hexdigest()[:16]
    return Path(typer.get_app_dir("reinventure")) / "repair" / f"{name}.json"


def load(path: Path) -> Progress:
    """Return the progress that an interrupted run left in `path`, or that of the beginning."""
    try:
        return Progress(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # None was left, or it was cut short when the machine stopped: the work may be repeated.
        return Progress()


def save(path: Path, progress: Progress) -> None:
    """Write `progress` to `path` as one step: it holds the old or the new, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(progress)))
    draft.replace(path)
