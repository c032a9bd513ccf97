"""The logs of what is run in the background."""

from pathlib import Path


def ending(log: Path) -> str:
    """Return the last lines of `log`: where a program says why it failed."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
