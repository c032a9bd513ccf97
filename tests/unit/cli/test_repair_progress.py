import errno
import subprocess
import sys
from pathlib import Path

import pytest

from reinventure.cli import repair_progress
from reinventure.cli.repair_progress import Progress


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "progress.json"
    repair_progress.save(path, Progress("key ü\n🚀", 12, 3))
    repair_progress.save(path, Progress("later", 13, 3))
    assert repair_progress.load(path) == Progress("later", 13, 3)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"unknown": 1}'])
def test_without_a_valid_file_it_starts_from_the_beginning(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "progress.json"
    assert repair_progress.load(path) == Progress()
    path.write_text(broken)
    assert repair_progress.load(path) == Progress()


def test_each_catalog_and_prefix_has_a_file_of_its_own() -> None:
    paths = {repair_progress.path_for(t, p) for t, p in [("t", ""), ("t", "a"), ("u", "")]}
    assert len(paths) == 3


def test_on_a_full_disk_the_error_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_text(path: Path, text: str) -> int:
        path.write_bytes(text[:1].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", write_text)
    with pytest.raises(OSError, match=r"No space left on device: '.*progress\.\d+\.new'"):
        repair_progress.save(tmp_path / "progress.json", Progress("key", 1, 1))
    assert list(tmp_path.iterdir()) == []


SAVER = """
import sys
from pathlib import Path
from reinventure.cli.repair_progress import Progress, save

for number in range(500):
    save(Path(sys.argv[1]), Progress("key", number, number))
"""


def test_two_commands_may_save_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    command = [sys.executable, "-c", SAVER, str(path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [each.communicate()[1] for each in both] == ["", ""]
    assert repair_progress.load(path) == Progress("key", 499, 499)
    assert list(tmp_path.iterdir()) == [path]
