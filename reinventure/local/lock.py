"""A lock on a folder, which the operating system releases when its holder dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reinventure.errors import UserError


@contextmanager
def locked(directory: Path, busy: str) -> Iterator[None]:
    """Hold the lock of `directory`, and create the directory if necessary.

    Raises UserError with the message `busy` when another process holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{busy} (in {directory}). Wait for it to end") from None
        yield
