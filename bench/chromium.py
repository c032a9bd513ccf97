"""Chromium, or Google Chrome, of this machine: never a browser that a test tool downloads."""

import os
import shutil
from pathlib import Path

VARIABLE = "CHROMIUM"
"""Environment variable with the path of another one."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "Chromium", "Google Chrome")
_APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS",
    "/Applications/Google Chrome.app/Contents/MacOS",
)
"""Where macOS has them, which are not on the PATH there."""


def executable() -> Path | None:
    """Return the path of the browser, None if there is none."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_APPLICATIONS))
    named = os.environ.get(VARIABLE)
    found = (shutil.which(name, path=path) for name in ([named] if named else _NAMES))
    return next((Path(each) for each in found if each), None)
