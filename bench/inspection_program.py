"""The inspection of a file, as the function `inspect` does it.

    python -m bench.inspection_program FILE

Prints, as JSON, the CPU in seconds, and the number of rows, of lines, or 0.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from s3_catalog.inspection.inspect_content import inspect_content

_PIECE = 2**20


class _File:
    """A file as the source of an inspection, in the largest pieces that a source may have."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = path.stat().st_size

    def chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)


def main() -> None:
    """Inspect the file that is named."""
    path = Path(sys.argv[1])
    source = _File(path)
    start = time.process_time()
    found = inspect_content(source, path.name, "2026-11-26T12:00:00Z", lambda: None)
    taken = time.process_time() - start
    if found.error or found.sha256 is None:
        raise RuntimeError(f"{path.name}: {found}")
    print(json.dumps([taken, found.rows or found.lines or 0]))


if __name__ == "__main__":
    main()
