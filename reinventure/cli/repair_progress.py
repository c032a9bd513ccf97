"""The progress of `reinventure repair`, in a file, so that an interrupted run can continue."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from reinventure.state_folder import replace_state, state_folder


@dataclass
class Progress:
    """All keys up to `after` are done.

    `compared` and `repaired` are the numbers of keys since the beginning. `execution` is the ARN of
    the execution in the account that compares the rest.
    """

    after: str = ""
    compared: int = 0
    repaired: int = 0
    execution: str = ""


def path_for(table: str, prefix: str) -> Path:
    """Return the file with the progress of repairing `prefix` of the catalog in `table`."""
    name = sha256(f"{table}/{prefix}".encode()).hexdigest()[:16]
    return state_folder() / "repair" / f"{name}.json"


def load(path: Path) -> Progress:
    """Return the progress of an interrupted run in `path`, or that of the beginning."""
    try:
        return Progress(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # No file, or one that is cut off, as the machine stopped. A repair is idempotent.
        return Progress()


def save(path: Path, progress: Progress) -> None:
    """Replace the file at `path` atomically. Raises OSError with the name of a file."""
    replace_state(path, json.dumps(asdict(progress)))
