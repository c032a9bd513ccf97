"""Mutations of the code's source text."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest


def changed(function: Callable[..., Any], old: str, new: str) -> Callable[..., Any]:
    """Return `function` with `new` in place of `old`, which its source has exactly once."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} in {function.__qualname__}"
    names = vars(sys.modules[function.__module__]).copy()
    exec(f"from __future__ import annotations\n{source.replace(old, new)}", names)  # noqa: S102
    made: Callable[..., Any] = names[function.__name__]
    return made


def change(patch: pytest.MonkeyPatch, holder: Any, name: str, old: str, new: str) -> None:
    """Change the source text of the function called `name` of `holder`, a module or a class."""
    patch.setattr(holder, name, changed(getattr(holder, name), old, new))
