"""The setting `buckets` in cdk.json."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from reinventure.errors import UserError

_BUCKETS = re.compile(r'"buckets"\s*:\s*(?P<value>"(?:[^"\\]|\\.)*")')


def buckets(path: Path) -> str:
    """Return the setting `buckets` of the file `path`.

    Raises UserError if it has none, or is no JSON, and OSError.
    """
    return str(_parsed(path, path.read_bytes())["context"]["buckets"])


def replace_buckets(path: Path, value: str) -> None:
    """Set `buckets` to `value` in the file `path`, and leave every other byte as it is.

    The file is replaced atomically; a link stays a link. Raises UserError if the setting is not
    found, and OSError with the name of a file.
    """
    path = path.resolve()
    content = path.read_bytes()
    wanted = _parsed(path, content)
    wanted["context"]["buckets"] = value
    for changed in _candidates(content.decode(), value):
        if json.loads(changed) == wanted:
            _replace(path, changed)
            return
    raise _missing(path)


def _missing(path: Path) -> UserError:
    return UserError(
        f'{path} has no setting `buckets` in its `context`: add it, such as "buckets": "create"'
    )


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from None
    try:
        setting = found["context"]["buckets"]
    except (KeyError, TypeError):
        setting = None
    if not isinstance(setting, str):
        raise _missing(path)
    return found


def _candidates(text: str, value: str) -> list[bytes]:
    """Return `text` with each value of the name `buckets` replaced in turn.

    The name may stand elsewhere, too: in a text, or in another object.
    """
    new = json.dumps(value, ensure_ascii=False)
    places = [match.span("value") for match in _BUCKETS.finditer(text)]
    return [f"{text[:start]}{new}{text[end:]}".encode() for start, end in places]


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, draft)
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(draft)  # The error of a full disk has none.
        raise
