"""Where the code of the functions and the default settings are."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

FILES = _PACKAGE if (_PACKAGE / "cdk.json").exists() else _PACKAGE.parent
"""The folder with `lambdas/` and `cdk.json`: in the wheel the package `reinventure_cdk` (setup.py),
in a checkout its root."""
