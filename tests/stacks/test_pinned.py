"""Nothing that holds data is replaced by a change of the templates."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from constructs import Construct

from stacks.catalog import catalog as constructs
from stacks.catalog.encrypted_table import EncryptedTable
from stacks.catalog.stack import CatalogStack
from stacks.portfolio.released_versions import FOLDER, LOCK, locked
from tests import assembly
from tests.assembly import ROOT
from tests.stacks.conftest import TRANSPORTS
from tests.stacks.pinned import pinned, pins_of, replaced, unpinned

HOW_TO_PIN = "Pin it: python -m tests.stacks.pinned ASSEMBLY (a folder that `cdk synth` wrote)"


def test_every_resource_that_holds_data_is_pinned(
    all_stacks: Path, synthesise: Callable[..., Path]
) -> None:
    now = pins_of([all_stacks, *(synthesise(transport=name) for name in TRANSPORTS)])
    assert not (lines := replaced(pinned(), now)), "\n".join(lines)
    assert not (lines := unpinned(pinned(), now)), "\n".join([*lines, HOW_TO_PIN])


def test_a_renamed_construct_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(scope: Construct, id: str, *args: object, **kwargs: object) -> object:
        return EncryptedTable(scope, "Rows" if id == "Table" else id, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(constructs, "EncryptedTable", renamed)
    folder = assembly.write(CatalogStack, "Catalog", tmp_path)
    lines = replaced(pinned(), pins_of([folder]))
    assert "Catalog/Table710B521B (AWS::DynamoDB::Table) would be replaced" in "\n".join(lines)


def test_a_renamed_resource_is_found() -> None:
    old = {"Catalog": {"Topic1": {"type": "AWS::SNS::Topic", "name": "changes"}}}
    new = {"Catalog": {"Topic1": {"type": "AWS::SNS::Topic", "name": "feed"}}}
    [line] = replaced(old, new)
    assert line == (
        "Catalog/Topic1 (AWS::SNS::Topic) would be replaced: "
        'it is now {"type": "AWS::SNS::Topic", "name": "feed"}'
    )
    assert replaced(new, new) == []


def changed(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """The versions of `before` that are not in `now` as they were."""
    return {number: digest for number, digest in before.items() if now.get(number) != digest}


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 (the machine's own)
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_commit_has_changed_a_released_version() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("This is a source archive: it has no history to compare with.")
    path = f"{FOLDER.name}/{LOCK}"
    for commit in git("log", "--format=%H", "--", path).split():
        before = json.loads(git("show", f"{commit}:{path}"))
        assert changed(before, locked()) == {}, f"released at {commit}, and changed since"


def test_a_changed_version_is_found() -> None:
    assert changed({"1": "a", "2": "b"}, {"1": "a", "2": "c", "3": "d"}) == {"2": "b"}
    assert changed({"1": "a"}, {}) == {"1": "a"}
