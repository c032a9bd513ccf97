"""Equal contents, against an oracle that holds everything in memory."""

import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from reinventure.cli.duplicate_contents import Contents
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from tests.unit.model.test_object_key import keys

NOW = "2026-11-23T12:00:00.005Z"
ROW = Row("b", "k", "0A", NOW, "ObjectCreated:Put", "v", 7, "e", None)


def row(key: str, content: bytes | None) -> Row:
    """The row of an object with this content, or of one that nobody has looked into."""
    if content is None:
        return replace(ROW, key=key)
    found = InspectionResult(NOW, sha256(content).hexdigest())
    return replace(ROW, key=key, size=len(content), inspected=found)


contents = st.none() | st.sampled_from([b"a", b"bb", b"BB", b"c" * 100]) | st.binary(max_size=2)


@given(st.dictionaries(keys | st.sampled_from(["a\0b", "a\0c", "é", "🚀"]), contents))
def test_it_finds_what_an_oracle_finds(objects: dict[str, bytes | None]) -> None:
    expected = defaultdict(list)
    for key, content in objects.items():
        if content is not None:
            expected[content].append(key)
    with Contents() as found:
        known = [found.add(row(key, content)) for key, content in objects.items()]
        copies = [(each, list(each.keys())) for each in found.copies()]
    assert known == [content is not None for content in objects.values()]
    assert {each.sha256: (each.size, each.count, each.wasted, names) for each, names in copies} == {
        sha256(content).hexdigest(): (
            len(content),
            len(names),
            len(content) * (len(names) - 1),
            sorted(names, key=str.encode),
        )
        for content, names in expected.items()
        if len(names) > 1
    }
    wasted = [each.wasted for each, _ in copies]
    assert wasted == sorted(wasted, reverse=True)


def test_what_was_given_up_is_not_known() -> None:
    with Contents() as found:
        assert not found.add(replace(ROW, inspected=InspectionResult(NOW, error="out of time")))
        assert not list(found.copies())


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
        # The modules are where pytest was told to find them.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    copies, grown = map(int, ran.stdout.split())
    assert copies == 110_000
    # The keys alone are 20 MB.
    assert grown < 8 * 1024
