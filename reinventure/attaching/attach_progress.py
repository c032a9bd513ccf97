"""The progress of attaching a bucket, in a file, so that an interrupted run can continue."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from reinventure.state_folder import replace_state, state_folder
from s3_catalog.model.scope import Entry


@dataclass(frozen=True, slots=True)
class AttachProgress:
    """How far it is. The configuration that `attach` found is in the file `found`."""

    found: str
    deployed_at: float | None = None
    """Unix time, in seconds, at which switch and rules were deployed at the latest; None before."""
    backfilling: bool = False
    """Whether the backfill has begun."""
    backfilled: bool = False
    after: str = ""
    """The comparison has done all keys up to this one: `keys`, of which `corrected` differed."""
    keys: int = 0
    corrected: int = 0


def path_for(table: str, entry: Entry) -> Path:
    """Return the file with the progress of attaching `entry` to the catalog in `table`."""
    name = sha256(f"{table}/{entry}".encode()).hexdigest()[:16]
    return state_folder() / "attach" / f"{name}.json"


def load(path: Path) -> AttachProgress | None:
    """Return the progress of an interrupted run in `path`; None if there is none."""
    try:
        return AttachProgress(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # No file, or one of another version. Everything may be done again.
        return None


def save(path: Path, progress: AttachProgress) -> None:
    """Replace the file at `path` atomically. Raises OSError with the name of a file."""
    replace_state(path, json.dumps(asdict(progress)))
