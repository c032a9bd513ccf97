"""Memory that finding equal contents takes, for more objects than a unit test has."""

import os
import subprocess
import sys

_GROWTH = """
import resource
from tests.unit.cli.test_duplicate_contents import Contents, row
with Contents() as found:
    for n in range(220_000):
        found.add(row(f"{n:0100}", b"%d" % (n // 2)))
        if n == 20_000:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    copies = sum(1 for _ in found.copies())
print(copies, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_number_of_objects() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _GROWTH],
        capture_output=True,
        text=True,
        check=True,
        # The modules are where pytest finds them.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    copies, grown = map(int, ran.stdout.split())
    assert copies == 110_000
    # The keys alone are 20 MB.
    assert grown < 8 * 1024
