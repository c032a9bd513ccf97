"""What a patch is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Patch:
    """A change to the running emulator, `apply`, for one `version` of it."""

    name: str
    version: str
    apply: Callable[[], None]


def patch(version: str) -> Callable[[Callable[[], None]], Patch]:
    """Return a decorator that makes the patch for `version` of the function that applies it."""
    return lambda apply: Patch(apply.__name__, version, apply)
