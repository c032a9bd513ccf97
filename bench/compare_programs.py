"""Comparing a listing with rows, each of many keys, in a process of its own.

    python -m bench.compare_programs ours|dicts COUNT

Prints, as JSON, the CPU in seconds, and the greatest memory of the process in MB. The last key
differs.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from s3_catalog.model.row import Row
from s3_catalog.model.stored_object import StoredObject
from s3_catalog.reconciliation.difference import differences

_MOMENT = datetime(2026, 11, 26, tzinfo=UTC)
_PAGE = 1000


def _stored(count: int) -> Iterator[tuple[str, StoredObject | None]]:
    """Yield a listing of `count` objects, with the end of each page, as S3's is read."""
    for n in range(count):
        key = f"2026/11/26/picture-{n:08}.jpg"
        yield key, StoredObject(key, n, f"{n:032x}", f"{n:032}", _MOMENT, _MOMENT)
        if n % _PAGE == _PAGE - 1:
            yield key, None


def _rows(count: int) -> Iterator[Row]:
    for n in range(count):
        last = n == count - 1
        yield Row(
            bucket="photos-example",
            key=f"2026/11/26/picture-{n:08}.jpg",
            sequencer="0067453F2A8B1C0D3E" + "0" * 14,
            event_time="2026-11-26T12:00:00.005Z",
            event_name="ObjectCreated:Put",
            version_id=f"{n:032}",
            size=n,
            etag="another" if last else f"{n:032x}",
            expires_at=None,
        )


def ours(count: int) -> int:
    """Compare both as they come; return the number of differences."""
    return len(list(differences(_stored(count), _rows(count))))


def dicts(count: int) -> int:
    """Compare two dicts; return the number of differences."""
    stored = {key: (o.size, o.etag, o.version_id) for key, o in _stored(count) if o}
    rows = {row.key: (row.size, row.etag, row.version_id) for row in _rows(count)}
    return sum(stored.get(key) != rows.get(key) for key in stored.keys() | rows.keys())


def nothing(count: int) -> int:
    """Make both, and compare nothing: what the others take besides."""
    for _ in zip(_stored(count), _rows(count), strict=False):
        pass
    return 1


def _memory() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux the other way includes the memory of the process that started this one.
        [peak] = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(peak) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS has bytes.


def main() -> None:
    """Measure the program that is named."""
    program, count = sys.argv[1], int(sys.argv[2])
    start = time.process_time()
    found = {"ours": ours, "dicts": dicts, "nothing": nothing}[program](count)
    taken = time.process_time() - start
    if found != 1:
        raise RuntimeError(f"{found} differences")
    print(json.dumps([taken, _memory()]))


if __name__ == "__main__":
    main()
