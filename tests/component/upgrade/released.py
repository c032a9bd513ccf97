"""The rows and messages of the released versions, in the file `released.json`.

`python -m tests.component.upgrade.released` writes the file with the code of each version, after
`make release` has added one.
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from stacks.portfolio.released_versions import Version, released

FILE = Path(__file__).with_name("released.json")
_CODE = Path(__file__).with_name("released_code.py")


def kept() -> dict[str, Any]:
    """Return the content of the file: rows and messages by kind, by the number of the version."""
    content: dict[str, Any] = json.loads(FILE.read_text())
    return content


def written() -> dict[str, Any]:
    """Return what the code of each released version writes, in the form of the file."""
    return {str(version.number): _write(version) for version in released()}


def _write(version: Version) -> Any:
    [code] = version.code
    packages = {name.partition("/")[0] for name in zipfile.ZipFile(code).namelist()}
    package = "s3_catalog" if "s3_catalog" in packages else "catalog"
    done = subprocess.run(
        [sys.executable, str(_CODE), package],
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    FILE.write_text(json.dumps(written(), indent=1, sort_keys=True) + "\n")
