"""Patches of the emulator's IAM."""

import importlib
import re
from functools import lru_cache
from typing import Any

from reinventure.local.patches.patch import patch


@patch("1.5.33")
def wildcards_match_line_feeds() -> None:
    """Let a wildcard of a policy match a line feed, as it matches every other character.

    Without it no function may read an object whose key has one.
    """
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    compile_pattern = evaluator._fnmatch_compile

    @lru_cache(maxsize=4096)
    def compile_whole(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        found: re.Pattern[str] = compile_pattern(pattern, ignore_case)
        # `$` would also match before a line feed at the end.
        return re.compile(found.pattern.removesuffix("$") + r"\Z", found.flags | re.DOTALL)

    evaluator._fnmatch_compile = compile_whole
