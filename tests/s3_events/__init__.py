"""Notifications as S3 sends them: one file for each shape."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent


def event(name: str) -> Any:
    """The notification in `<name>.json`, one of each shape that S3 sends."""
    return json.loads((EVENTS / f"{name}.json").read_text())
