"""Errors that a person reads."""

from pathlib import Path


class UserError(Exception):
    """Something that the user can mend. The message says what is wrong, where, and what to do."""


def ending(log: Path) -> str:
    """Return the last lines of `log`: where a program says why it failed."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
