import json

from reinventure.cli.duplicate_contents import Copies
from reinventure.cli.inspection import copies_json, copies_lines


def test_a_person_sees_a_few_keys_of_equal_content_and_a_program_all() -> None:
    keys = [f"k\n{n:02}" for n in range(12)]
    copies = Copies("ab" * 32, 1000, 12, lambda: iter(keys))
    lines = copies_lines(copies).splitlines()
    assert lines[0].split() == ["11.0", "kB", "wasted:", *f"12 x 1,000 bytes, {'ab' * 32}".split()]
    assert lines[1:11] == [f"    k\\n{n:02}" for n in range(10)]
    assert lines[11:] == ["    and 2 more (--json lists all)"]
    assert json.loads(copies_json(copies)) == {
        "sha256": "ab" * 32,
        "size": 1000,
        "count": 12,
        "wasted": 11000,
        "keys": keys,
    }
