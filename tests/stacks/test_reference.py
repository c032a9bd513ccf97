"""The pages of docs/reference are what `make reference` writes."""

from pathlib import Path

import pytest

from tests.reference.pages import FOLDER, pages


@pytest.fixture(scope="module")
def written(all_stacks: Path) -> dict[str, str]:
    return pages(all_stacks)


def test_every_page_is_written(written: dict[str, str]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == written.keys()


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_page_is_as_the_code_has_it(path: Path, written: dict[str, str]) -> None:
    assert path.read_text(encoding="utf-8") == written[path.name], "run: make reference"
