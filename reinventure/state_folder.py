"""The folder of what the command remembers between two runs."""

import os
from pathlib import Path

import typer


def state_folder() -> Path:
    """Return the folder, which may not exist yet: where the operating system has those of users."""
    return Path(typer.get_app_dir("reinventure"))


def replace_state(path: Path, text: str) -> None:
    """Replace the file at `path` by `text` atomically. Raises OSError with the name of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of this process: two commands may save at the same time.
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        draft.write_text(text)
    except OSError as error:
        draft.unlink(missing_ok=True)
        error.filename = str(draft)  # The error of a full disk has none.
        raise
    draft.replace(path)
