from pathlib import Path

import pytest

from reinventure.cli import repair_progress as checkpoint
from reinventure.cli.repair_progress import Progress


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "progress.json"
    checkpoint.save(path, Progress("key ü\n🚀", 12, 3))
    checkpoint.save(path, Progress("later", 13, 3))
    assert checkpoint.load(path) == Progress("later", 13, 3)


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"unknown": 1}'])
def test_without_a_sound_file_the_work_begins_anew(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "progress.json"
    assert checkpoint.load(path) == Progress()
    path.write_text(broken)
    assert checkpoint.load(path) == Progress()


def test_each_catalog_and_prefix_has_its_own() -> None:
    paths = {checkpoint.path_for(t, p) for t, p in [("t", ""), ("t", "a"), ("u", "")]}
    assert len(paths) == 3
